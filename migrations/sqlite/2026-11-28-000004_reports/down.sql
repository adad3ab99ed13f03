DROP INDEX membership_intervals_waiting_idx;
DROP INDEX proposals_seq_idx;
DROP INDEX journal_facts_overrides_idx;
DROP INDEX journal_accounts_idx;
