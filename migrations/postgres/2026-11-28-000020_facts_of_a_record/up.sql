-- What a record has, one bit a criterion of the data quality that the row alone answers (src/reports/queries/quality.rs has the same
-- conditions, and a test holds them together): a report over all members reads a small index, not the records.
ALTER TABLE organisations ADD COLUMN facts INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE WHEN legal_form IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN city IS NOT NULL THEN 2 ELSE 0 END
    + CASE WHEN (founded_year IS NOT NULL OR founded_on IS NOT NULL) THEN 4 ELSE 0 END
    + CASE WHEN themes <> '' THEN 8 ELSE 0 END
    + CASE WHEN descriptions <> '[]' THEN 16 ELSE 0 END
    + CASE WHEN (website IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL) THEN 32 ELSE 0 END
) STORED;
CREATE UNIQUE INDEX organisations_facts_key ON organisations (id) INCLUDE (seq, facts);
