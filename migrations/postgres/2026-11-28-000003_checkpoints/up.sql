-- Machinery: hashes of complete subtrees of the Merkle tree over the journal, at every eighth level. Made of the journal alone;
-- rows that are missing are made again, and `journal verify` compares what is there.
CREATE TABLE journal_tree (
    level INTEGER NOT NULL,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, position)
);

-- Machinery: what the registry signed of the journal, as it was published (docs/journal.md). Append-only.
CREATE TABLE checkpoints (
    size BIGINT NOT NULL PRIMARY KEY,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoints_no_truncate BEFORE TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Machinery: what witnesses signed of a checkpoint.
CREATE TABLE checkpoint_cosignatures (
    size BIGINT NOT NULL REFERENCES checkpoints (size),
    witness TEXT NOT NULL,
    line TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (size, witness)
);
CREATE TRIGGER checkpoint_cosignatures_no_update BEFORE UPDATE ON checkpoint_cosignatures
FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoint_cosignatures_no_delete BEFORE DELETE ON checkpoint_cosignatures
FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoint_cosignatures_no_truncate BEFORE TRUNCATE ON checkpoint_cosignatures
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
