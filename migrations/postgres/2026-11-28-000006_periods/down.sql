DROP INDEX distinct_pairs_seq_idx;
DROP TABLE period_statements;
DROP TABLE periods;
