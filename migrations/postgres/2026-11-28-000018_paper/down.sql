ALTER TABLE proposals DROP COLUMN decision_date;
ALTER TABLE proposals DROP COLUMN decision_number;
