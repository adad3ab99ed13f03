CREATE TABLE organisations (
    id INTEGER NOT NULL PRIMARY KEY,
    number TEXT NOT NULL CONSTRAINT organisations_number_key UNIQUE,
    country TEXT NOT NULL REFERENCES countries (code),
    name TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    legal_form TEXT,
    city TEXT,
    region TEXT,
    website TEXT,
    themes TEXT NOT NULL,
    sdgs TEXT NOT NULL,
    descriptions TEXT NOT NULL,
    founded_year INTEGER,
    founded_on TEXT,
    address TEXT,
    email TEXT,
    email_public INTEGER NOT NULL,
    phone TEXT,
    notes TEXT,
    public_from TEXT,
    withheld INTEGER NOT NULL,
    withheld_reason TEXT,
    merged_into INTEGER REFERENCES organisations (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    next_item INTEGER NOT NULL,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX organisations_sort_key_idx ON organisations (sort_key, number);
CREATE INDEX organisations_country_sort_key_idx ON organisations (country, sort_key, number);
CREATE INDEX organisations_public_sort_key_idx ON organisations (sort_key, number)
    WHERE public_from IS NOT NULL AND withheld = FALSE;
CREATE INDEX organisations_public_country_sort_key_idx ON organisations (country, sort_key, number)
    WHERE public_from IS NOT NULL AND withheld = FALSE;

-- List items are numbered within their organisation; an item's number is never used again.
CREATE TABLE organisation_names (
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    item INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT organisation_names_kind
        CHECK (kind IN ('legal', 'translated', 'former', 'alias', 'acronym')),
    text TEXT NOT NULL,
    language TEXT,
    key_plain TEXT NOT NULL,
    key_skeleton TEXT NOT NULL,
    fold_version INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, item)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organisation_names_organisation_id_key ON organisation_names (organisation_id) WHERE kind = 'legal';
CREATE INDEX organisation_names_key_skeleton_idx ON organisation_names (key_skeleton);

CREATE TABLE organisation_identifiers (
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    item INTEGER NOT NULL,
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    canonical TEXT NOT NULL,
    verdict TEXT NOT NULL CONSTRAINT organisation_identifiers_verdict
        CHECK (verdict IN ('valid', 'unverifiable', 'invalid')),
    override_reason TEXT,
    shared_reason TEXT,
    exclusive INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, item)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organisation_identifiers_scheme_canonical_key
    ON organisation_identifiers (scheme, canonical) WHERE exclusive = TRUE;
CREATE INDEX organisation_identifiers_scheme_canonical_idx ON organisation_identifiers (scheme, canonical);

CREATE TABLE organisation_contacts (
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    item INTEGER NOT NULL,
    name TEXT NOT NULL,
    position TEXT,
    email TEXT,
    phone TEXT,
    seq INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, item)
) STRICT;

CREATE TABLE organisation_relations (
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    item INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT organisation_relations_kind
        CHECK (kind IN ('parent', 'branch', 'predecessor', 'successor', 'partner')),
    other_id INTEGER NOT NULL REFERENCES organisations (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, item),
    CONSTRAINT organisation_relations_organisation_id_kind_other_id_key UNIQUE (organisation_id, kind, other_id),
    CONSTRAINT organisation_relations_other CHECK (other_id <> organisation_id)
) STRICT;
CREATE INDEX organisation_relations_other_id_idx ON organisation_relations (other_id);

-- The document stays in the country; this is its fingerprint.
CREATE TABLE organisation_evidence (
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    item INTEGER NOT NULL,
    kind TEXT NOT NULL,
    issuer TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    note TEXT,
    seq INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, item)
) STRICT;

-- How other files name an organisation: a row of a spreadsheet finds its organisation again.
CREATE TABLE organisation_references (
    source TEXT NOT NULL,
    reference TEXT NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    organisation_id INTEGER NOT NULL REFERENCES organisations (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (source, reference, country)
) STRICT, WITHOUT ROWID;
CREATE INDEX organisation_references_organisation_id_idx ON organisation_references (organisation_id);
