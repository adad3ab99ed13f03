-- An entry about an organisation is found by the organisation; every registration would write the same twice, in random places.
DROP INDEX journal_subject_idx;
CREATE INDEX journal_subject_idx ON journal (subject, seq) WHERE substr(subject, 1, 13) <> 'organisation:';
