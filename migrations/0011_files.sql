-- Files that tools made for a user: charts, reports, exports. What is in them is sealed; they are kept for a time.

create table chat_files (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    name text not null check (name <> ''),
    media_type text not null check (media_type <> ''),
    size integer not null check (size >= 0),
    sealed bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '30 days'
);
comment on table chat_files is 'Charts, reports and exports that tools made for a user, sealed.';
comment on column chat_files.name is 'What it is called when it is saved; made of dates and words of the program, never of a user''s.';
comment on column chat_files.size is 'Bytes of the content, before it was sealed.';
comment on column chat_files.sealed is 'The content, AES-256-GCM, bound to user and id.';
comment on column chat_files.expires_at is 'From then on it does not exist for its user, and a job deletes it.';
alter table chat_files alter column sealed set storage external;
create index chat_files_recent on chat_files (user_id, created_at desc, id desc);
create index chat_files_expiry on chat_files (expires_at);

create policy own on chat_files for all to chat_server
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
alter table chat_files enable row level security;
alter table chat_files force row level security;
revoke all on chat_files from public, anon, authenticated, service_role;
grant select, insert, update, delete on chat_files to chat_server;

-- The job that deletes has no caller: it is told ids and owners, and acts for each owner -----------------------------------------------

grant select (id, user_id, expires_at) on chat_files to chat_finder;
create policy find on chat_files for select to chat_finder using (true);

create function files_due(most integer) returns table (file_id uuid, owner uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select id, user_id from public.chat_files where expires_at <= now() order by expires_at limit most;
end;
comment on function files_due is 'Files that have been kept for long enough, and whose they are.';
revoke all on function files_due from public, anon, authenticated, service_role;

grant create on schema public to chat_finder;
alter function files_due owner to chat_finder;
revoke create on schema public from chat_finder;
grant execute on function files_due to chat_server;
