DROP INDEX journal_subject_idx;
CREATE INDEX journal_subject_idx ON journal (subject, seq);
