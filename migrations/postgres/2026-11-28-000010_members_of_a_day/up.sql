-- The last of the grace days of the term: whoever is a member on a day lapses behind it if nothing happens. The program makes all
-- timelines anew after this migration.
ALTER TABLE membership_intervals ADD COLUMN grace_end DATE;
-- Who is a member on a day: the days that end behind a late day are few, whatever position of the journal is asked for.
CREATE INDEX membership_intervals_day_idx
    ON membership_intervals (to_day, from_day, known_from, known_to, country, membership_type, state, grace_end, organisation_id)
    WHERE state IN ('active', 'grace', 'suspended');
