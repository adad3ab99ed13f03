DROP TRIGGER checkpoint_cosignatures_no_replace;
DROP TRIGGER checkpoints_no_replace;
DROP TRIGGER period_statements_no_replace;
DROP TRIGGER periods_no_replace;
DROP TRIGGER membership_events_no_replace;
DROP TRIGGER journal_no_replace;
DROP TRIGGER private_reads_no_replace;
