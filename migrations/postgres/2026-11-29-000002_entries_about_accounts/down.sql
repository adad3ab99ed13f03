DROP INDEX journal_accounts_idx;
CREATE INDEX journal_accounts_idx ON journal (seq)
    WHERE substr(action, 1, 5) = 'user.' OR substr(action, 1, 9) = 'handover.' OR substr(action, 1, 8) = 'api_key.';
