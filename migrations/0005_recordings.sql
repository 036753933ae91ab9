-- What a recording of a turn needs and no other table holds, and how work without a caller finds out whose row it is about.

alter table chat_runs add column trace json;
comment on column chat_runs.trace is 'What the turn was given, the path it took and the time of each step, masked; `python -m graph.replay record` reads it.';

-- A role that sees ids and owners only. It owns the functions that hand them out, because row level security is forced on the
-- owner of the tables, too.
do $$
begin
    if not exists (select from pg_roles where rolname = 'chat_finder') then
        create role chat_finder nologin noinherit;
    end if;
    execute format('grant chat_finder to %I', current_user);
end
$$;
grant usage on schema public to chat_finder;
grant select (id, session_id, user_id) on chat_runs to chat_finder;
create policy find on chat_runs for select to chat_finder using (true);

create function owner_of(run_or_session uuid) returns uuid
language sql stable security definer
set search_path = ''
return (select user_id from public.chat_runs where id = run_or_session or session_id = run_or_session limit 1);
comment on function owner_of is 'Whose a run or a session is; null if there is none. Hands out an owner and nothing else.';
revoke all on function owner_of from public, anon, authenticated, service_role;

grant create on schema public to chat_finder;
alter function owner_of owner to chat_finder;
revoke create on schema public from chat_finder;
grant execute on function owner_of to chat_server;
