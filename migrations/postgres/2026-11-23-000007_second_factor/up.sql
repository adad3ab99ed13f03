-- An account's second factor at log-in (TOTP). The secret is sealed with a key that is a file, never in the database.
CREATE TABLE second_factors (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed_secret BYTEA NOT NULL,
    -- SHA-256 of the recovery codes that are left, as a JSON list.
    recovery_hashes TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    -- The step of 30 seconds whose code was used last; machinery, not in the journal.
    last_step BIGINT NOT NULL,
    version INTEGER NOT NULL,
    seq BIGINT NOT NULL
);

-- Machinery: enrolments that wait for their first code.
CREATE TABLE second_factor_enrolments (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed_secret BYTEA NOT NULL,
    begun_at BIGINT NOT NULL
);
