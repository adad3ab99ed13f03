ALTER TABLE proposals DROP COLUMN organisation_seen;
