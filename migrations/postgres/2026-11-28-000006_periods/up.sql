-- Closed periods: their days, the position of the journal at which they were frozen, and what the reports said then (docs/reports.md).
-- In the journal like every fact. There is no opening again: append-only.
CREATE TABLE periods (
    id BIGINT NOT NULL PRIMARY KEY,
    -- From 1, in the order of their days.
    no INTEGER NOT NULL,
    from_day DATE NOT NULL,
    to_day DATE NOT NULL,
    note TEXT,
    known_seq BIGINT NOT NULL,
    -- JSON list: report, definition, address, question, hash of the data part.
    reports TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT periods_days CHECK (from_day <= to_day)
);
CREATE UNIQUE INDEX periods_no_key ON periods (no);
CREATE UNIQUE INDEX periods_to_day_key ON periods (to_day);
CREATE TRIGGER periods_no_update BEFORE UPDATE ON periods FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER periods_no_delete BEFORE DELETE ON periods FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER periods_no_truncate BEFORE TRUNCATE ON periods FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Machinery: what was signed of a closing. It names the checkpoint that holds the closing's own entry, so it is no part of that.
CREATE TABLE period_statements (
    period_id BIGINT NOT NULL PRIMARY KEY REFERENCES periods (id),
    size BIGINT NOT NULL REFERENCES checkpoints (size),
    statement TEXT NOT NULL
);
CREATE TRIGGER period_statements_no_update BEFORE UPDATE ON period_statements FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER period_statements_no_delete BEFORE DELETE ON period_statements FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER period_statements_no_truncate BEFORE TRUNCATE ON period_statements FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Overridden warnings in the order of the journal.
CREATE INDEX distinct_pairs_seq_idx ON distinct_pairs (seq, organisation_id, other_id);
