DROP INDEX organisations_facts_key;
ALTER TABLE organisations DROP COLUMN facts;
