ALTER TABLE membership_intervals
    DROP CONSTRAINT membership_intervals_pkey,
    ADD CONSTRAINT membership_intervals_pkey PRIMARY KEY (membership_id, from_day, known_from);
DROP INDEX membership_intervals_long_idx;
DROP INDEX membership_intervals_day_idx;
CREATE INDEX membership_intervals_day_idx
    ON membership_intervals (to_day, from_day, known_from, known_to, country, membership_type, state, grace_end, organisation_id, membership_id)
    WHERE state IN ('active', 'grace', 'suspended');
DROP INDEX membership_intervals_waiting_idx;
CREATE INDEX membership_intervals_waiting_idx
    ON membership_intervals (country, state, to_day, from_day, known_from, known_to, membership_type)
    WHERE state IN ('draft', 'submitted', 'in_review', 'returned', 'recommended');
