DROP TABLE erasures;
DROP TABLE private_reads;
