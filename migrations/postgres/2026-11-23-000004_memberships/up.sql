CREATE TABLE memberships (
    id BIGINT NOT NULL PRIMARY KEY,
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    revision INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    seq BIGINT NOT NULL
);
CREATE INDEX memberships_organisation_id_idx ON memberships (organisation_id);
CREATE INDEX memberships_updated_at_idx ON memberships (updated_at, id);

-- The ledger: append-only.
CREATE TABLE membership_events (
    membership_id BIGINT NOT NULL REFERENCES memberships (id),
    no INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    effective_on DATE NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    proposer TEXT,
    decider TEXT,
    details TEXT NOT NULL,
    PRIMARY KEY (membership_id, no)
);
CREATE INDEX membership_events_seq_idx ON membership_events (seq);

-- What the fold says of the events: the whole timeline, the coming calendar included, so that no row
-- depends on what day it is.
CREATE TABLE membership_intervals (
    membership_id BIGINT NOT NULL REFERENCES memberships (id),
    no INTEGER NOT NULL,
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    state TEXT NOT NULL,
    membership_type TEXT NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    from_day DATE NOT NULL,
    to_day DATE,
    term_end DATE,
    PRIMARY KEY (membership_id, no)
);
CREATE INDEX membership_intervals_organisation_id_idx ON membership_intervals (organisation_id);
CREATE INDEX membership_intervals_state_idx ON membership_intervals (country, state, from_day, to_day);

CREATE TABLE proposals (
    id BIGINT NOT NULL PRIMARY KEY,
    membership_id BIGINT NOT NULL REFERENCES memberships (id),
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    country TEXT NOT NULL REFERENCES countries (code),
    act TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL CONSTRAINT proposals_status
        CHECK (status IN ('open', 'approved', 'refused', 'sent_back', 'retracted', 'fallen')),
    proposer TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    decider TEXT,
    decided_at BIGINT,
    decision_reason TEXT,
    version INTEGER NOT NULL,
    seq BIGINT NOT NULL
);
CREATE UNIQUE INDEX proposals_membership_id_key ON proposals (membership_id) WHERE status = 'open';
CREATE INDEX proposals_status_idx ON proposals (status, country, proposed_at);

CREATE TRIGGER membership_events_no_update BEFORE UPDATE ON membership_events FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER membership_events_no_delete BEFORE DELETE ON membership_events FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER membership_events_no_truncate BEFORE TRUNCATE ON membership_events FOR EACH STATEMENT EXECUTE FUNCTION append_only();
