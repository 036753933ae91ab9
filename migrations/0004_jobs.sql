-- The queue of durable jobs lives in a schema of its own, which only the server's role reaches. Its tables are procrastinate's:
-- the runner installs them from the package (`procrastinate schema` prints the same SQL). Arguments of jobs are ids, never text.

create schema if not exists jobs;
revoke all on schema jobs from public;
grant usage on schema jobs to chat_server;
alter default privileges in schema jobs grant select, insert, update, delete on tables to chat_server;
alter default privileges in schema jobs grant usage, select on sequences to chat_server;
alter default privileges in schema jobs grant execute on functions to chat_server;
