-- Who read or exported private data of whom. Append-only; what is older than the configured time (at least 90 days) goes.
CREATE TABLE private_reads (
    id INTEGER NOT NULL PRIMARY KEY,
    read_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    request_id TEXT
) STRICT;
CREATE INDEX private_reads_read_at_idx ON private_reads (read_at, id);
CREATE INDEX private_reads_subject_idx ON private_reads (subject, read_at, id);
CREATE INDEX private_reads_actor_idx ON private_reads (actor, read_at, id);
CREATE TRIGGER private_reads_no_update BEFORE UPDATE ON private_reads
BEGIN SELECT RAISE(ABORT, 'private_reads is append-only'); END;
CREATE TRIGGER private_reads_no_delete BEFORE DELETE ON private_reads
WHEN OLD.read_at > (CAST(strftime('%s', 'now') AS INTEGER) - 7776000) * 1000000
BEGIN SELECT RAISE(ABORT, 'private_reads is append-only'); END;

-- Whose data was erased, by which entry of the journal, and which of its items (JSON list of [seq, item]).
CREATE TABLE erasures (
    id INTEGER NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    organisation TEXT,
    reason TEXT NOT NULL,
    items TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    erased_by TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX erasures_subject_idx ON erasures (subject);
