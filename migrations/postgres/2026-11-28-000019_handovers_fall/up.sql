-- A handover that could not be done on its day has fallen.
ALTER TABLE handovers DROP CONSTRAINT handovers_status;
ALTER TABLE handovers ADD CONSTRAINT handovers_status CHECK (status IN ('open', 'approved', 'refused', 'retracted', 'done', 'fallen'));
