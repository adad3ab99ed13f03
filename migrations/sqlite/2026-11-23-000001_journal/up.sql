-- The journal: an append-only, gapless, hash-chained record of every change (docs/journal.md).
CREATE TABLE journal (
    seq INTEGER NOT NULL PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    organisation TEXT,
    facts_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX journal_subject_idx ON journal (subject, seq);
CREATE INDEX journal_organisation_idx ON journal (organisation, seq) WHERE organisation IS NOT NULL;

-- The single row that orders the writers.
CREATE TABLE journal_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO journal_head (id, seq, recorded_at, hash) VALUES (1, 0, 0, zeroblob(32));

-- What an entry says, apart from the entry: salt and body can be erased, the hash stays.
CREATE TABLE journal_facts (
    seq INTEGER NOT NULL REFERENCES journal (seq),
    item INTEGER NOT NULL,
    class TEXT NOT NULL CONSTRAINT journal_facts_class CHECK (class IN ('public', 'private', 'personal')),
    hash BLOB NOT NULL,
    salt BLOB,
    body TEXT,
    PRIMARY KEY (seq, item)
) STRICT;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_facts_no_update BEFORE UPDATE ON journal_facts
WHEN NOT (NEW.seq = OLD.seq AND NEW.item = OLD.item AND NEW.class = OLD.class AND NEW.hash = OLD.hash
    AND NEW.salt IS NULL AND NEW.body IS NULL)
BEGIN SELECT RAISE(ABORT, 'journal_facts is append-only'); END;
CREATE TRIGGER journal_facts_no_delete BEFORE DELETE ON journal_facts
BEGIN SELECT RAISE(ABORT, 'journal_facts is append-only'); END;
