-- Runs that wait for their session, runs that are taken over, logs that are kept for a time.

alter table chat_runs drop constraint chat_runs_status_check;
alter table chat_runs add constraint chat_runs_status_check
    check (status in ('queued', 'running', 'waiting', 'complete', 'stopped', 'failed'));
alter table chat_runs add column priority smallint not null default 0;
alter table chat_runs add column log_dropped_at timestamptz;
comment on column chat_runs.lease_expires_at is 'Until when its process vouches for it; past that any process may take the run over.';
comment on column chat_runs.epoch is 'How often a process has begun to work on it; whoever holds an older number can write nothing more.';
comment on column chat_runs.priority is 'Among the runs that wait for their session the highest comes first, then the oldest.';
comment on column chat_runs.log_dropped_at is 'When its events were deleted, being older than they are kept.';

create index chat_runs_queue on chat_runs (session_id, priority desc, created_at) where status = 'queued';
create index chat_runs_leases on chat_runs (lease_expires_at) where status = 'running';
create index chat_runs_logs on chat_runs (finished_at) where log_dropped_at is null;

grant select (status, lease_expires_at, priority, created_at, finished_at, log_dropped_at) on chat_runs to chat_finder;

create function runs_due(most integer) returns table (run_id uuid, owner uuid)
language sql stable security definer
set search_path = ''
begin atomic
    (
        select id, user_id from public.chat_runs where status = 'running' and lease_expires_at < now()
        union all
        select distinct on (q.session_id) q.id, q.user_id
        from public.chat_runs q
        where q.status = 'queued'
          and not exists (select from public.chat_runs a where a.session_id = q.session_id and a.status = 'running')
    )
    limit most;
end;
comment on function runs_due is 'Runs that wait for a process, and whose they are: abandoned ones, and one of each free session''s queue.';

create function logs_due(days double precision, most integer) returns table (run_id uuid, owner uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select id, user_id
    from public.chat_runs
    where log_dropped_at is null and finished_at < now() - make_interval(secs => days * 86400)
    order by finished_at
    limit most;
end;
comment on function logs_due is 'Runs whose events have been kept for long enough, and whose they are.';

revoke all on function runs_due, logs_due from public, anon, authenticated, service_role;
grant create on schema public to chat_finder;
alter function runs_due owner to chat_finder;
alter function logs_due owner to chat_finder;
revoke create on schema public from chat_finder;
grant execute on function runs_due, logs_due to chat_server;
