-- Closed periods: their days, the position of the journal at which they were frozen, and what the reports said then (docs/reports.md).
-- In the journal like every fact. There is no opening again: append-only.
CREATE TABLE periods (
    id INTEGER NOT NULL PRIMARY KEY,
    -- From 1, in the order of their days.
    no INTEGER NOT NULL,
    from_day TEXT NOT NULL,
    to_day TEXT NOT NULL,
    note TEXT,
    known_seq INTEGER NOT NULL,
    -- JSON list: report, definition, address, question, hash of the data part.
    reports TEXT NOT NULL,
    closed_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    seq INTEGER NOT NULL,
    CONSTRAINT periods_days CHECK (from_day <= to_day)
) STRICT;
CREATE UNIQUE INDEX periods_no_key ON periods (no);
CREATE UNIQUE INDEX periods_to_day_key ON periods (to_day);
CREATE TRIGGER periods_no_update BEFORE UPDATE ON periods
BEGIN SELECT RAISE(ABORT, 'periods is append-only'); END;
CREATE TRIGGER periods_no_delete BEFORE DELETE ON periods
BEGIN SELECT RAISE(ABORT, 'periods is append-only'); END;

-- Machinery: what was signed of a closing. It names the checkpoint that holds the closing's own entry, so it is no part of that.
CREATE TABLE period_statements (
    period_id INTEGER NOT NULL PRIMARY KEY REFERENCES periods (id),
    size INTEGER NOT NULL REFERENCES checkpoints (size),
    statement TEXT NOT NULL
) STRICT;
CREATE TRIGGER period_statements_no_update BEFORE UPDATE ON period_statements
BEGIN SELECT RAISE(ABORT, 'period_statements is append-only'); END;
CREATE TRIGGER period_statements_no_delete BEFORE DELETE ON period_statements
BEGIN SELECT RAISE(ABORT, 'period_statements is append-only'); END;

-- Overridden warnings in the order of the journal.
CREATE INDEX distinct_pairs_seq_idx ON distinct_pairs (seq, organisation_id, other_id);
