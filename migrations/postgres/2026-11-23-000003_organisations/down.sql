DROP TABLE organisation_references;
DROP TABLE organisation_evidence;
DROP TABLE organisation_relations;
DROP TABLE organisation_contacts;
DROP TABLE organisation_identifiers;
DROP TABLE organisation_names;
DROP TABLE organisations;
