DROP INDEX organisations_withheld_idx;
DROP INDEX organisations_merged_into_idx;
ALTER TABLE organisations DROP COLUMN merged_on;
