-- What was learnt late: by how much an entry of the journal changed the sums of days that had passed when it was recorded. A
-- report as it was known long ago takes away from today's sums what was learnt since; the program fills this table anew after
-- this migration.
CREATE TABLE member_late_counts (
    seq BIGINT NOT NULL,
    day DATE NOT NULL,
    country TEXT NOT NULL REFERENCES countries (code),
    membership_type TEXT NOT NULL,
    measure TEXT NOT NULL,
    change BIGINT NOT NULL,
    PRIMARY KEY (seq, day, country, membership_type, measure)
);
