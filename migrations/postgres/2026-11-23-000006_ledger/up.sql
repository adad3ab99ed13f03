-- `known_at` resolves to a position of the journal.
CREATE INDEX journal_recorded_at_idx ON journal (recorded_at, seq);

-- What the fold says of the events, in two times: which days an interval holds (from_day, to_day), and between which
-- positions of the journal the registry thought so (known_from, known_to; 9223372036854775807 while it still does). Made from
-- the events alone; the program fills these tables anew after this migration.
DROP TABLE membership_intervals;
CREATE TABLE membership_intervals (
    membership_id BIGINT NOT NULL REFERENCES memberships (id),
    from_day DATE NOT NULL,
    known_from BIGINT NOT NULL,
    to_day DATE,
    known_to BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    state TEXT NOT NULL,
    membership_type TEXT NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    term_end DATE,
    cause_no INTEGER,
    PRIMARY KEY (membership_id, from_day, known_from)
);
CREATE INDEX membership_intervals_organisation_id_idx ON membership_intervals (organisation_id);
-- By state: who waits, and who is in a state since when.
CREATE INDEX membership_intervals_state_idx ON membership_intervals (country, state, from_day, membership_id)
    WHERE known_to = 9223372036854775807;
CREATE INDEX membership_intervals_open_idx ON membership_intervals (country, state, from_day, membership_id)
    WHERE known_to = 9223372036854775807 AND to_day IS NULL;
-- The register as of a day walks along this one, whatever position of the journal it is asked for.
CREATE INDEX membership_intervals_member_idx
    ON membership_intervals (country, membership_type, membership_id, from_day, known_from, known_to, to_day, state)
    WHERE state IN ('active', 'grace', 'suspended');
CREATE INDEX membership_intervals_turn_idx ON membership_intervals (from_day, state, country)
    WHERE known_to = 9223372036854775807 AND cause_no IS NULL;
-- What changed behind a position of the journal: reports as they were known then correct today's sums by it.
CREATE INDEX membership_intervals_known_from_idx
    ON membership_intervals (known_from, known_to, from_day, to_day, country, membership_type, state)
    WHERE state IN ('active', 'grace', 'suspended');
CREATE INDEX membership_intervals_known_to_idx
    ON membership_intervals (known_to, known_from, from_day, to_day, country, membership_type, state)
    WHERE known_to < 9223372036854775807 AND state IN ('active', 'grace', 'suspended');

-- Members that came or went: the columns of the roll-forward, in two times.
CREATE TABLE membership_flows (
    membership_id BIGINT NOT NULL REFERENCES memberships (id),
    on_day DATE NOT NULL,
    no INTEGER NOT NULL,
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    membership_type TEXT NOT NULL,
    cause_no INTEGER,
    PRIMARY KEY (membership_id, on_day, no, known_from)
);
-- Who is behind a figure.
CREATE INDEX membership_flows_kind_idx ON membership_flows (kind, on_day, membership_id, no, known_from, known_to);
CREATE INDEX membership_flows_known_from_idx ON membership_flows (known_from, known_to, on_day, kind, country, membership_type);
CREATE INDEX membership_flows_known_to_idx ON membership_flows (known_to, known_from, on_day, kind, country, membership_type)
    WHERE known_to < 9223372036854775807;

-- The sums of what stands: how many members of a state began or ended to be so on a day, and how many came or went.
CREATE TABLE member_counts (
    day DATE NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    membership_type TEXT NOT NULL,
    measure TEXT NOT NULL,
    change BIGINT NOT NULL,
    PRIMARY KEY (measure, country, membership_type, day)
);

-- The day of the first turn of the calendar that no event records yet.
CREATE TABLE membership_due (
    membership_id BIGINT NOT NULL PRIMARY KEY REFERENCES memberships (id),
    due_on DATE NOT NULL
);
CREATE INDEX membership_due_due_on_idx ON membership_due (due_on, membership_id);

-- The day from whose start an organisation is dissolved.
ALTER TABLE organisations ADD COLUMN dissolved_on DATE;

-- Rules of membership that replaced those that the program ships with.
CREATE TABLE adopted_rules (
    seq BIGINT NOT NULL PRIMARY KEY,
    adopted_at BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    text TEXT NOT NULL
);

-- A proposal may be about an organisation as a whole (transfer, merge), and may need officers of a second country.
CREATE TABLE proposals_new (
    id BIGINT NOT NULL PRIMARY KEY,
    membership_id BIGINT REFERENCES memberships (id),
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    country TEXT NOT NULL REFERENCES countries (code),
    other_country TEXT REFERENCES countries (code),
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
INSERT INTO proposals_new
    SELECT id, membership_id, organisation_id, country, NULL, act, body, reason, revision, status, proposer, proposed_at,
        decider, decided_at, decision_reason, version, seq
    FROM proposals;
DROP TABLE proposals;
ALTER TABLE proposals_new RENAME TO proposals;
CREATE UNIQUE INDEX proposals_membership_id_key ON proposals (membership_id) WHERE status = 'open';
CREATE UNIQUE INDEX proposals_organisation_id_key ON proposals (organisation_id) WHERE status = 'open' AND membership_id IS NULL;
CREATE INDEX proposals_status_idx ON proposals (status, country, proposed_at);

-- Where officers of several countries take part: who has agreed so far.
CREATE TABLE proposal_consents (
    proposal_id BIGINT NOT NULL REFERENCES proposals (id),
    country TEXT NOT NULL REFERENCES countries (code),
    officer TEXT NOT NULL,
    consented_at BIGINT NOT NULL,
    reason TEXT,
    seq BIGINT NOT NULL,
    PRIMARY KEY (proposal_id, country)
);

-- Background jobs: who runs one now, and how the runs went (machinery, not in the journal).
CREATE TABLE job_leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE TABLE job_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT NOT NULL CONSTRAINT job_runs_outcome CHECK (outcome IN ('running', 'done', 'failed')),
    detail TEXT NOT NULL
);
CREATE INDEX job_runs_name_idx ON job_runs (name, started_at);
