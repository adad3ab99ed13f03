-- Number and day of the paper decision that closed a proposal, also one that was refused or is about a whole organisation; none where the
-- decision names no paper.
ALTER TABLE proposals ADD COLUMN decision_number TEXT;
ALTER TABLE proposals ADD COLUMN decision_date TEXT;
