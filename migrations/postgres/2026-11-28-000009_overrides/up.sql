-- Overridden warnings about duplicates are read from distinct_pairs now; and no public fact is searched for a private word.
DROP INDEX journal_facts_overrides_idx;
CREATE INDEX journal_facts_overrides_idx ON journal_facts (seq)
    WHERE class = 'private' AND (body LIKE '%"override_reason":"%' OR body LIKE '%"shared_reason":"%');
