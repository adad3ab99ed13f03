DROP TABLE duplicate_progress;
DROP TABLE duplicate_pairs;
DROP TABLE distinct_pairs;
