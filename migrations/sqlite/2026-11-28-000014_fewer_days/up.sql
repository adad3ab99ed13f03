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
    ON membership_intervals (known_to, to_day, from_day, known_from, country, membership_type, state, grace_end, organisation_id)
    WHERE state IN ('active', 'grace', 'suspended');
CREATE INDEX membership_intervals_long_idx
    ON membership_intervals (known_to, to_day, from_day, known_from, country, membership_type, state, grace_end, organisation_id)
    WHERE state IN ('active', 'grace', 'suspended') AND julianday(to_day) - julianday(from_day) > 800;
