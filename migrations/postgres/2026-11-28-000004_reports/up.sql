-- Applications that wait on a day: those that wait no longer are many and lie behind.
CREATE INDEX membership_intervals_waiting_idx
    ON membership_intervals (country, state, to_day, from_day, known_from, known_to, membership_type)
    WHERE state IN ('draft', 'submitted', 'in_review', 'returned', 'recommended');
-- What was decided in a stretch of the journal.
CREATE INDEX proposals_seq_idx ON proposals (seq, id);
-- Where a warning was overridden: an identifier that fails its check or is shared, an organisation that is said to be another.
CREATE INDEX journal_facts_overrides_idx ON journal_facts (seq)
    WHERE body LIKE '%"override_reason":"%' OR body LIKE '%"shared_reason":"%' OR body LIKE '%"note":"distinct_from"%';
-- What was done to accounts and to the office.
CREATE INDEX journal_accounts_idx ON journal (seq)
    WHERE substr(action, 1, 5) = 'user.' OR substr(action, 1, 9) = 'handover.' OR substr(action, 1, 8) = 'api_key.';
