DROP TABLE journal_facts;
DROP TABLE journal_head;
DROP TABLE journal;
