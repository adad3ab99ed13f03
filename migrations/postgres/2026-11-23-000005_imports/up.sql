CREATE TABLE imports (
    id BIGINT NOT NULL PRIMARY KEY,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    country TEXT REFERENCES countries (code),
    default_country TEXT REFERENCES countries (code),
    source TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    reading TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT imports_status
        CHECK (status IN ('planned', 'committing', 'committed')),
    counts TEXT NOT NULL,
    version INTEGER NOT NULL,
    seq BIGINT NOT NULL
);

-- Machinery of an import: what the rows say and what became of them.
CREATE TABLE import_rows (
    import_id BIGINT NOT NULL REFERENCES imports (id),
    line INTEGER NOT NULL,
    reference TEXT,
    outcome TEXT NOT NULL CONSTRAINT import_rows_outcome
        CHECK (outcome IN ('new', 'changed', 'unchanged', 'possible_duplicate', 'faulty')),
    findings TEXT NOT NULL,
    cells TEXT NOT NULL,
    number TEXT,
    resolution TEXT,
    applied BOOLEAN NOT NULL,
    PRIMARY KEY (import_id, line)
);
