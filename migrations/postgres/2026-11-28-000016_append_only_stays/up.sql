-- Nothing to do: what PostgreSQL puts in place of a row is an UPDATE, which the triggers refuse already.
SELECT 1;
