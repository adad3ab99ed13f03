-- Applications that wait on a day: what is known now lies together, and in the order in which it is counted. Most rows are of what was
-- thought once.
DROP INDEX membership_intervals_waiting_idx;
CREATE INDEX membership_intervals_waiting_idx
    ON membership_intervals (known_to, to_day, country, membership_type, state, from_day, known_from)
    WHERE state IN ('draft', 'submitted', 'in_review', 'returned', 'recommended');
-- Members of a day: what is known now lies together, and of it what ends soon behind the day. What lasts long has an index of its own, which is
-- small: without it everything that ends later would be read. The condition is that of src/reports/queries/on_day.rs, word for word.
DROP INDEX membership_intervals_day_idx;
CREATE INDEX membership_intervals_day_idx
    ON membership_intervals (known_to, to_day, from_day, known_from, country, membership_type, state, grace_end, organisation_id, membership_id)
    WHERE state IN ('active', 'grace', 'suspended');
CREATE INDEX membership_intervals_long_idx
    ON membership_intervals (known_to, to_day, from_day, known_from, country, membership_type, state, grace_end, organisation_id, membership_id)
    WHERE state IN ('active', 'grace', 'suspended') AND to_day - from_day > 800;
-- The country and type of a membership on a day are in the key's index, so that no row is read to count events by them. SQLite keeps the rows in
-- the order of the key anyway.
ALTER TABLE membership_intervals
    DROP CONSTRAINT membership_intervals_pkey,
    ADD CONSTRAINT membership_intervals_pkey PRIMARY KEY (membership_id, from_day, known_from) INCLUDE (known_to, country, membership_type);
