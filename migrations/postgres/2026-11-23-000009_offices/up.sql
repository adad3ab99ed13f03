-- Requests per minute of one key; none for the common limit.
ALTER TABLE api_keys ADD COLUMN per_minute INTEGER CONSTRAINT api_keys_per_minute CHECK (per_minute BETWEEN 1 AND 100000);

-- Machinery: when a key was last used, to the minute.
CREATE TABLE api_key_uses (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES api_keys (id),
    last_used_at BIGINT NOT NULL
);

-- The secretariat's office goes from its holders to others: proposed by one of them, decided by another.
CREATE TABLE handovers (
    id BIGINT NOT NULL PRIMARY KEY,
    -- JSON list of the accounts that take the office.
    successors TEXT NOT NULL,
    effective_on DATE NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT handovers_status
        CHECK (status IN ('open', 'approved', 'refused', 'retracted', 'done')),
    proposer TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    decider TEXT,
    decided_at BIGINT,
    decision_reason TEXT,
    version INTEGER NOT NULL,
    seq BIGINT NOT NULL
);
-- One at a time.
CREATE UNIQUE INDEX handovers_status_key ON handovers ((CASE WHEN status IN ('open', 'approved') THEN 1 END));
