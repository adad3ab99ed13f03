DROP TABLE journal_facts;
DROP TABLE journal_head;
DROP TABLE journal;
DROP FUNCTION append_only();
