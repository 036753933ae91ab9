-- The key that seals can be changed: each sealed value tells under which key it is, a job finds those that are under an older one,
-- and the key of the keyed hashes is kept here, so that it stays.

create table vault_hash_key (
    single boolean primary key default true check (single),
    sealed bytea not null,
    created_at timestamptz not null default now()
);
comment on table vault_hash_key is 'One row: the key of the keyed hashes, sealed under VAULT_KEY. If it does not open, the server does not start.';
create policy shared on vault_hash_key for all to chat_server using (true) with check (true);
alter table vault_hash_key enable row level security;
alter table vault_hash_key force row level security;
revoke all on vault_hash_key from public, anon, authenticated, service_role;
grant select, insert, update on vault_hash_key to chat_server;

alter table pii_vault add column sealed_under bytea generated always as (substring(sealed from 1 for 5)) stored;
alter table chat_runs add column sealed_under bytea generated always as (substring(sealed_input from 1 for 5)) stored;
alter table chat_files add column sealed_under bytea generated always as (substring(sealed from 1 for 5)) stored;
comment on column pii_vault.sealed_under is 'The form of the value and the id of the key that sealed it.';
create index pii_vault_keys on pii_vault (sealed_under, user_id);
create index chat_runs_keys on chat_runs (sealed_under, user_id) where sealed_under is not null;
create index chat_files_keys on chat_files (sealed_under, user_id);

grant select (user_id, sealed_under) on pii_vault to chat_finder;
grant select (sealed_under) on chat_runs, chat_files to chat_finder;
create policy find on pii_vault for select to chat_finder using (true);

create function seals_due(current_key bytea, most integer) returns setof uuid
language sql stable security definer
set search_path = ''
begin atomic
    select user_id from public.pii_vault where sealed_under <> current_key
    union
    select user_id from public.chat_runs where sealed_under <> current_key
    union
    select user_id from public.chat_files where sealed_under <> current_key
    limit most;
end;
comment on function seals_due is 'Whose values are under another key than this one.';
revoke all on function seals_due from public, anon, authenticated, service_role;
grant create on schema public to chat_finder;
alter function seals_due owner to chat_finder;
revoke create on schema public from chat_finder;
grant execute on function seals_due to chat_server;
