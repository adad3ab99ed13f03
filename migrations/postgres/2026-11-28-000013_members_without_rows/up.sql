-- The same index with the membership, which an index of SQLite's holds anyway (the table's key): whoever asks for the members of a day alone
-- need not read the rows, and the planner not the whole table.
DROP INDEX membership_intervals_day_idx;
CREATE INDEX membership_intervals_day_idx
    ON membership_intervals (to_day, from_day, known_from, known_to, country, membership_type, state, grace_end, organisation_id, membership_id)
    WHERE state IN ('active', 'grace', 'suspended');
