-- The same indexes with the day from which an event holds: to count events by the country of that day, none of them is read itself. Their
-- kind, where it differs: transfers and changes of type are of two countries or types.
DROP INDEX membership_events_back_dated_idx;
DROP INDEX membership_events_without_evidence_idx;
DROP INDEX membership_events_same_person_idx;
DROP INDEX membership_events_corrected_idx;
CREATE INDEX membership_events_corrected_idx ON membership_events (seq, membership_id, no, effective_on)
    WHERE kind = 'corrected';
CREATE INDEX membership_events_same_person_idx ON membership_events (seq, membership_id, no, effective_on, kind)
    WHERE proposer = decider;
CREATE INDEX membership_events_without_evidence_idx ON membership_events (seq, membership_id, no, effective_on)
    WHERE kind IN ('admitted', 'reinstated') AND details LIKE '%"evidence":[]%';
CREATE INDEX membership_events_back_dated_idx ON membership_events (seq, membership_id, no, effective_on, kind)
    WHERE effective_on < date(recorded_at / 1000000, 'unixepoch')
        AND kind NOT IN ('grace_began', 'lapsed', 'suspension_ended');
