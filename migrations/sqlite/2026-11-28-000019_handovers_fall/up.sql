-- A handover that could not be done on its day has fallen. SQLite changes a CHECK by making the table anew.
CREATE TABLE handovers_anew (
    id INTEGER NOT NULL PRIMARY KEY,
    -- JSON list of the accounts that take the office.
    successors TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT handovers_status
        CHECK (status IN ('open', 'approved', 'refused', 'retracted', 'done', 'fallen')),
    proposer TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    decider TEXT,
    decided_at INTEGER,
    decision_reason TEXT,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO handovers_anew SELECT * FROM handovers;
DROP TABLE handovers;
ALTER TABLE handovers_anew RENAME TO handovers;
-- One at a time.
CREATE UNIQUE INDEX handovers_status_key ON handovers ((CASE WHEN status IN ('open', 'approved') THEN 1 END));
