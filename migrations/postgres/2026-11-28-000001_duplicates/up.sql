-- Two organisations that somebody said are different, though they look alike: who registers over a warning says so, and so does
-- an officer who looked at a pair of the list. The younger one stands first, so that a pair stands once.
CREATE TABLE distinct_pairs (
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    other_id BIGINT NOT NULL REFERENCES organisations (id),
    -- Their registry numbers.
    organisation TEXT NOT NULL,
    other TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Where it was said: when the first was registered, in an import, or from the list of pairs.
    way TEXT NOT NULL CONSTRAINT distinct_pairs_way CHECK (way IN ('registration', 'import', 'list')),
    -- How much they looked alike then; none where nothing was asked.
    verdict TEXT CONSTRAINT distinct_pairs_verdict CHECK (verdict IN ('same', 'possible')),
    thousandths INTEGER,
    said_by TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT distinct_pairs_organisation_id_other_id_key PRIMARY KEY (organisation_id, other_id),
    CONSTRAINT distinct_pairs_order CHECK (organisation_id > other_id)
);
CREATE INDEX distinct_pairs_other_id_idx ON distinct_pairs (other_id);
CREATE INDEX distinct_pairs_said_at_idx ON distinct_pairs (said_at);

-- Machinery: pairs of the register that may be one organisation, as a job found them. The younger one stands first.
CREATE TABLE duplicate_pairs (
    organisation_id BIGINT NOT NULL REFERENCES organisations (id),
    other_id BIGINT NOT NULL REFERENCES organisations (id),
    -- Random, for the order of tasks.
    id BIGINT NOT NULL,
    -- Their countries when they were compared.
    country TEXT NOT NULL,
    other_country TEXT NOT NULL,
    -- Their registry numbers, for the order of pages.
    organisation TEXT NOT NULL,
    other TEXT NOT NULL,
    thousandths INTEGER NOT NULL,
    verdict TEXT NOT NULL CONSTRAINT duplicate_pairs_verdict CHECK (verdict IN ('same', 'possible')),
    -- JSON list of texts.
    reasons TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    CONSTRAINT duplicate_pairs_organisation_id_other_id_key PRIMARY KEY (organisation_id, other_id)
);
CREATE INDEX duplicate_pairs_other_id_idx ON duplicate_pairs (other_id);
CREATE INDEX duplicate_pairs_country_idx ON duplicate_pairs (country, thousandths, organisation, other);
CREATE INDEX duplicate_pairs_other_country_idx ON duplicate_pairs (other_country, thousandths, organisation, other);
CREATE INDEX duplicate_pairs_thousandths_idx ON duplicate_pairs (thousandths, organisation, other);
CREATE INDEX duplicate_pairs_found_at_idx ON duplicate_pairs (found_at, id);

-- Machinery: how far the job has come.
CREATE TABLE duplicate_progress (
    id INTEGER NOT NULL PRIMARY KEY CONSTRAINT duplicate_progress_id CHECK (id = 1),
    -- The position of the journal up to which changed organisations were compared again.
    seq BIGINT NOT NULL,
    -- The last organisation of a whole round that was looked at; none where no round runs.
    round_at BIGINT,
    -- The day on which the last whole round began.
    round_on DATE
);
