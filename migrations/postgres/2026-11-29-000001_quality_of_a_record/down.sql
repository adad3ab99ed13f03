DROP TRIGGER organisation_quality ON organisation_evidence;
DROP TRIGGER organisation_quality ON organisation_identifiers;
DROP TRIGGER organisation_quality ON organisation_names;
DROP TRIGGER organisation_quality_new ON organisation_names;
DROP TRIGGER organisation_quality ON organisations;
DROP FUNCTION organisation_quality_of_evidence();
DROP FUNCTION organisation_quality_of_identifier();
DROP FUNCTION organisation_quality_of_name();
DROP FUNCTION organisation_quality_of_record();
DROP TABLE organisation_quality;
ALTER TABLE organisations ADD COLUMN facts INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE WHEN legal_form IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN city IS NOT NULL THEN 2 ELSE 0 END
    + CASE WHEN (founded_year IS NOT NULL OR founded_on IS NOT NULL) THEN 4 ELSE 0 END
    + CASE WHEN themes <> '' THEN 8 ELSE 0 END
    + CASE WHEN descriptions <> '[]' THEN 16 ELSE 0 END
    + CASE WHEN (website IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL) THEN 32 ELSE 0 END
) STORED;
CREATE UNIQUE INDEX organisations_facts_key ON organisations (id) INCLUDE (seq, facts);
