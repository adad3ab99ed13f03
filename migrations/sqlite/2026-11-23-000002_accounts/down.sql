DROP TABLE registry_marks;
DROP TABLE idempotency_keys;
DROP TABLE one_time_links;
DROP TABLE sessions;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE countries;
