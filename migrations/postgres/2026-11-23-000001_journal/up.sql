CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;

-- The journal: an append-only, gapless, hash-chained record of every change (docs/journal.md).
CREATE TABLE journal (
    seq BIGINT NOT NULL PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    organisation TEXT,
    facts_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX journal_subject_idx ON journal (subject, seq);
CREATE INDEX journal_organisation_idx ON journal (organisation, seq) WHERE organisation IS NOT NULL;

-- The single row that orders the writers.
CREATE TABLE journal_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO journal_head (id, seq, recorded_at, hash) VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'));

-- What an entry says, apart from the entry: salt and body can be erased, the hash stays.
CREATE TABLE journal_facts (
    seq BIGINT NOT NULL REFERENCES journal (seq),
    item INTEGER NOT NULL,
    class TEXT NOT NULL CONSTRAINT journal_facts_class CHECK (class IN ('public', 'private', 'personal')),
    hash BYTEA NOT NULL,
    salt BYTEA,
    body TEXT,
    PRIMARY KEY (seq, item)
);

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER journal_facts_no_update BEFORE UPDATE ON journal_facts FOR EACH ROW
WHEN (NOT (NEW.seq = OLD.seq AND NEW.item = OLD.item AND NEW.class = OLD.class AND NEW.hash = OLD.hash
    AND NEW.salt IS NULL AND NEW.body IS NULL))
EXECUTE FUNCTION append_only();
CREATE TRIGGER journal_facts_no_delete BEFORE DELETE ON journal_facts FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER journal_facts_no_truncate BEFORE TRUNCATE ON journal_facts FOR EACH STATEMENT EXECUTE FUNCTION append_only();
