-- What is append-only is not replaced either: INSERT OR REPLACE removes a row that has the key already, and fires no trigger for that.
-- A table without an INTEGER PRIMARY KEY has a second key, the rowid. journal_facts has no such trigger: it gets three rows and more with
-- each entry, and each is proved by the hash in its entry.
CREATE TRIGGER private_reads_no_replace BEFORE INSERT ON private_reads
WHEN EXISTS (SELECT 1 FROM private_reads WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'private_reads is append-only'); END;

CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;

CREATE TRIGGER membership_events_no_replace BEFORE INSERT ON membership_events
WHEN EXISTS (SELECT 1 FROM membership_events WHERE membership_id = NEW.membership_id AND no = NEW.no)
    OR EXISTS (SELECT 1 FROM membership_events WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'membership_events is append-only'); END;

CREATE TRIGGER periods_no_replace BEFORE INSERT ON periods
WHEN EXISTS (SELECT 1 FROM periods WHERE id = NEW.id OR no = NEW.no OR to_day = NEW.to_day)
BEGIN SELECT RAISE(ABORT, 'periods is append-only'); END;

CREATE TRIGGER period_statements_no_replace BEFORE INSERT ON period_statements
WHEN EXISTS (SELECT 1 FROM period_statements WHERE period_id = NEW.period_id)
BEGIN SELECT RAISE(ABORT, 'period_statements is append-only'); END;

-- Whoever writes these says that nothing is to be done where one is there already; so nothing is.
CREATE TRIGGER checkpoints_no_replace BEFORE INSERT ON checkpoints
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE size = NEW.size)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER checkpoint_cosignatures_no_replace BEFORE INSERT ON checkpoint_cosignatures
WHEN EXISTS (SELECT 1 FROM checkpoint_cosignatures WHERE size = NEW.size AND witness = NEW.witness)
BEGIN SELECT RAISE(IGNORE); END;
