DROP INDEX membership_intervals_day_idx;
ALTER TABLE membership_intervals DROP COLUMN grace_end;
