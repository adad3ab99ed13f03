-- One that has fallen was taken back, in the words of before.
UPDATE handovers SET status = 'retracted' WHERE status = 'fallen';
ALTER TABLE handovers DROP CONSTRAINT handovers_status;
ALTER TABLE handovers ADD CONSTRAINT handovers_status CHECK (status IN ('open', 'approved', 'refused', 'retracted', 'done'));
