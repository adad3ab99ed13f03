-- What each record has, one bit a criterion of the data quality, the first the lowest (src/reports/queries/quality.rs has the same conditions, and
-- tests hold them together): a report over all members reads this, not the records with their names, identifiers and evidence. Derived, by
-- triggers, so that no way of writing can forget it; compared with the rows by `journal verify`.
CREATE TABLE organisation_quality (
    organisation_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    met INTEGER NOT NULL,
    PRIMARY KEY (organisation_id) INCLUDE (seq, met)
);

INSERT INTO organisation_quality (organisation_id, seq, met)
SELECT o.id, o.seq,
    CASE WHEN o.legal_form IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN o.city IS NOT NULL THEN 2 ELSE 0 END
    + CASE WHEN (o.founded_year IS NOT NULL OR o.founded_on IS NOT NULL) THEN 4 ELSE 0 END
    + CASE WHEN o.themes <> '' THEN 8 ELSE 0 END
    + CASE WHEN o.descriptions <> '[]' THEN 16 ELSE 0 END
    + CASE WHEN (o.website IS NOT NULL OR o.email IS NOT NULL OR o.phone IS NOT NULL) THEN 32 ELSE 0 END
    + CASE WHEN EXISTS (SELECT 1 FROM organisation_names n WHERE n.organisation_id = o.id AND (n.language = 'en' OR n.language LIKE 'en-%')) THEN 64 ELSE 0 END
    + CASE WHEN EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id) THEN 128 ELSE 0 END
    + CASE WHEN NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id AND i.verdict = 'invalid') THEN 256 ELSE 0 END
    + CASE WHEN NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id AND i.shared_reason IS NOT NULL) THEN 512 ELSE 0 END
    + CASE WHEN EXISTS (SELECT 1 FROM organisation_evidence d WHERE d.organisation_id = o.id) THEN 1024 ELSE 0 END
FROM organisations o;

-- What stood here before of the record's own row.
DROP INDEX organisations_facts_key;
ALTER TABLE organisations DROP COLUMN facts;

-- Without items no identifier fails and none is shared.
CREATE FUNCTION organisation_quality_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM organisation_quality WHERE organisation_id = OLD.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO organisation_quality (organisation_id, seq, met) VALUES (NEW.id, NEW.seq,
            CASE WHEN NEW.legal_form IS NOT NULL THEN 1 ELSE 0 END
            + CASE WHEN NEW.city IS NOT NULL THEN 2 ELSE 0 END
            + CASE WHEN (NEW.founded_year IS NOT NULL OR NEW.founded_on IS NOT NULL) THEN 4 ELSE 0 END
            + CASE WHEN NEW.themes <> '' THEN 8 ELSE 0 END
            + CASE WHEN NEW.descriptions <> '[]' THEN 16 ELSE 0 END
            + CASE WHEN (NEW.website IS NOT NULL OR NEW.email IS NOT NULL OR NEW.phone IS NOT NULL) THEN 32 ELSE 0 END
            + 256 + 512);
    ELSE
        UPDATE organisation_quality SET seq = NEW.seq, met = (met & ~63) | (
            CASE WHEN NEW.legal_form IS NOT NULL THEN 1 ELSE 0 END
            + CASE WHEN NEW.city IS NOT NULL THEN 2 ELSE 0 END
            + CASE WHEN (NEW.founded_year IS NOT NULL OR NEW.founded_on IS NOT NULL) THEN 4 ELSE 0 END
            + CASE WHEN NEW.themes <> '' THEN 8 ELSE 0 END
            + CASE WHEN NEW.descriptions <> '[]' THEN 16 ELSE 0 END
            + CASE WHEN (NEW.website IS NOT NULL OR NEW.email IS NOT NULL OR NEW.phone IS NOT NULL) THEN 32 ELSE 0 END)
        WHERE organisation_id = NEW.id;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER organisation_quality AFTER INSERT OR UPDATE OR DELETE ON organisations
    FOR EACH ROW EXECUTE FUNCTION organisation_quality_of_record();

-- What comes sets its bits; where something goes or changes, the rows that stay are looked at.
CREATE FUNCTION organisation_quality_of_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE organisation_quality SET met = met | 64 WHERE organisation_id = NEW.organisation_id AND met & 64 = 0;
    ELSE
        UPDATE organisation_quality SET met = (met & ~64) | (
            CASE WHEN EXISTS (SELECT 1 FROM organisation_names n WHERE n.organisation_id = organisation_quality.organisation_id AND (n.language = 'en' OR n.language LIKE 'en-%')) THEN 64 ELSE 0 END)
        WHERE organisation_id = OLD.organisation_id;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER organisation_quality_new AFTER INSERT ON organisation_names
    FOR EACH ROW WHEN (NEW.language = 'en' OR NEW.language LIKE 'en-%') EXECUTE FUNCTION organisation_quality_of_name();
CREATE TRIGGER organisation_quality AFTER UPDATE OF language OR DELETE ON organisation_names
    FOR EACH ROW EXECUTE FUNCTION organisation_quality_of_name();

CREATE FUNCTION organisation_quality_of_identifier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE organisation_quality SET met = (met | 128)
            & ~(CASE WHEN NEW.verdict = 'invalid' THEN 256 ELSE 0 END)
            & ~(CASE WHEN NEW.shared_reason IS NOT NULL THEN 512 ELSE 0 END)
        WHERE organisation_id = NEW.organisation_id;
    ELSE
        UPDATE organisation_quality SET met = (met & ~896) | (
            CASE WHEN EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = organisation_quality.organisation_id) THEN 128 ELSE 0 END
            + CASE WHEN NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = organisation_quality.organisation_id AND i.verdict = 'invalid') THEN 256 ELSE 0 END
            + CASE WHEN NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = organisation_quality.organisation_id AND i.shared_reason IS NOT NULL) THEN 512 ELSE 0 END)
        WHERE organisation_id = OLD.organisation_id;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER organisation_quality AFTER INSERT OR UPDATE OF verdict, shared_reason OR DELETE ON organisation_identifiers
    FOR EACH ROW EXECUTE FUNCTION organisation_quality_of_identifier();

CREATE FUNCTION organisation_quality_of_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE organisation_quality SET met = met | 1024 WHERE organisation_id = NEW.organisation_id AND met & 1024 = 0;
    ELSE
        UPDATE organisation_quality SET met = (met & ~1024) | (
            CASE WHEN EXISTS (SELECT 1 FROM organisation_evidence d WHERE d.organisation_id = organisation_quality.organisation_id) THEN 1024 ELSE 0 END)
        WHERE organisation_id = OLD.organisation_id;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER organisation_quality AFTER INSERT OR DELETE ON organisation_evidence
    FOR EACH ROW EXECUTE FUNCTION organisation_quality_of_evidence();
