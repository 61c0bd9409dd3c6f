-- The role of web servers and workers. It reads and writes rows; it creates, changes and drops no table.
-- Run this as the role that migrates, which owns the tables, before or after `flask db upgrade`; running it again is harmless:
--   psql --variable schema=labelapi --variable role=labelapi_app --file deploy/database_role.sql
-- Create the role itself first, with a password of its own: CREATE ROLE labelapi_app LOGIN PASSWORD '…'
\set ON_ERROR_STOP on
GRANT USAGE ON SCHEMA :"schema" TO :"role";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"role";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA :"schema" TO :"role";
-- What later migrations create.
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"role";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE ON SEQUENCES TO :"role";
