-- What compose.yaml needs before the migration: the schema, and the role of web and worker with the password of a machine of your own.
\set ON_ERROR_STOP on
CREATE SCHEMA IF NOT EXISTS :"schema";
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'role', 'labelapi')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
