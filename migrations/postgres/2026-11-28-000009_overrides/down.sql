DROP INDEX journal_facts_overrides_idx;
CREATE INDEX journal_facts_overrides_idx ON journal_facts (seq)
    WHERE body LIKE '%"override_reason":"%' OR body LIKE '%"shared_reason":"%' OR body LIKE '%"note":"distinct_from"%';
