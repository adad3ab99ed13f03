-- The eight countries' keys; everything else about them ships with the program.
CREATE TABLE countries (
    code TEXT NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO countries (code) VALUES ('AZ'), ('KZ'), ('KG'), ('TR'), ('UZ'), ('HU'), ('TM'), ('TRNC');

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL CONSTRAINT users_email_key_key UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT users_role CHECK (role IN ('secretariat', 'coordinator', 'auditor')),
    country TEXT REFERENCES countries (code),
    status TEXT NOT NULL CONSTRAINT users_status CHECK (status IN ('invited', 'active', 'disabled')),
    password_hash TEXT,
    invited_by INTEGER REFERENCES users (id),
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    CONSTRAINT users_reach CHECK ((role = 'coordinator') = (country IS NOT NULL))
) STRICT;

CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash BLOB NOT NULL CONSTRAINT api_keys_secret_hash_key UNIQUE,
    scopes TEXT NOT NULL,
    created_by INTEGER REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;

-- Machinery: log-in sessions and their rotating refresh token.
CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    refresh_hash BLOB NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT
) STRICT;
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

-- Machinery: links that set a password once.
CREATE TABLE one_time_links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL CONSTRAINT one_time_links_purpose CHECK (purpose IN ('invitation', 'reset')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- Machinery: answers to POSTs that carried an Idempotency-Key, kept 24 hours.
CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, route, key)
) STRICT;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- Machinery: what kind of registry this is ("demo").
CREATE TABLE registry_marks (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
