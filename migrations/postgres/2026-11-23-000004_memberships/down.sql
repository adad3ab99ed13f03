DROP TABLE proposals;
DROP TABLE membership_intervals;
DROP TABLE membership_events;
DROP TABLE memberships;
