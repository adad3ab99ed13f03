DROP INDEX membership_intervals_day_idx;
CREATE INDEX membership_intervals_day_idx
    ON membership_intervals (to_day, from_day, known_from, known_to, country, membership_type, state, grace_end, organisation_id)
    WHERE state IN ('active', 'grace', 'suspended');
