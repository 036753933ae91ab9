-- name: run_by_client_key
-- The run that this user started earlier with the same idempotency key.
select id, session_id, employee_slug, request_hash, status, epoch, log_deleted_at is not null as log_deleted
from chat_runs
where user_id = auth.uid() and client_key = %(client_key)s;

-- name: insert_session
-- Create a session.
insert into chat_sessions (id, employee_slug) values (%(session_id)s, %(employee)s);

-- name: read_session
-- The session's id if it belongs to the caller.
select id from chat_sessions where id = %(session_id)s;

-- name: set_employee
-- Hand the session over to another employee.
update chat_sessions set employee_slug = %(employee)s where id = %(session_id)s and employee_slug <> %(employee)s;

-- name: set_missing_time_zone
-- Set the user's time zone to the client's, unless the user has one. The turn that begins reads it.
insert into profiles (time_zone) values (%(time_zone)s)
on conflict (user_id) do update set time_zone = excluded.time_zone where profiles.time_zone is null;

-- name: take_turn
-- Take one turn from the user's bucket (generic cell rate algorithm): a burst of `per_minute`, then one every 60 / per_minute
-- seconds. Returns no row if the bucket is empty or the day's tokens are spent.
insert into chat_rate_limits as l (next_turn_at, day)
values (now() + make_interval(secs => 60.0 / %(per_minute)s), (now() at time zone 'utc')::date)
on conflict (user_id) do update set
    next_turn_at = greatest(l.next_turn_at, now()) + make_interval(secs => 60.0 / %(per_minute)s),
    day = excluded.day,
    day_tokens = case when l.day = excluded.day then l.day_tokens else 0 end
where greatest(l.next_turn_at, now()) + make_interval(secs => 60.0 / %(per_minute)s) <= now() + interval '60 seconds'
  and (%(daily_tokens)s::bigint = 0 or l.day <> excluded.day or l.day_tokens < %(daily_tokens)s::bigint)
returning day_tokens;

-- name: limit_reason
-- Why `take_turn` returned no row: seconds until the bucket holds a turn, whether the day's tokens are spent, seconds until midnight.
select
    extract(epoch from next_turn_at - now())::float8 - 60 + 60.0 / %(per_minute)s as bucket_wait,
    %(daily_tokens)s::bigint > 0 and day = (now() at time zone 'utc')::date and day_tokens >= %(daily_tokens)s::bigint as spent,
    extract(epoch from date_trunc('day', now() at time zone 'utc') + interval '1 day' - (now() at time zone 'utc'))::float8 as day_wait
from chat_rate_limits
where user_id = auth.uid();

-- name: insert_run
-- Accept a run for the session's employee; returns no row if the session is busy, waits for an approval or does not exist.
insert into chat_runs (id, session_id, employee_slug, client_key, request_hash, encrypted_input, replaces, lease_expires_at)
select
    %(run_id)s, id, employee_slug, %(client_key)s, %(request_hash)s, %(encrypted_input)s, %(replaces)s,
    now() + make_interval(secs => %(lease_seconds)s)
from chat_sessions s
where id = %(session_id)s
  and not exists (select from chat_runs q where q.session_id = s.id and q.status in ('queued', 'waiting'))
on conflict (session_id) where status = 'running' do nothing
returning employee_slug;

-- name: queue_run
-- Accept a run that waits for its session; returns no row if too many runs wait or the session does not exist.
insert into chat_runs (
    id, session_id, employee_slug, client_key, request_hash, encrypted_input, replaces, lease_expires_at, status, epoch, priority
)
select
    %(run_id)s, id, employee_slug, %(client_key)s, %(request_hash)s, %(encrypted_input)s, %(replaces)s, now(), 'queued', 0,
    %(priority)s
from chat_sessions s
where id = %(session_id)s
  and (select count(*) from chat_runs q where q.session_id = s.id and q.status = 'queued') < %(max_queued)s
returning employee_slug;

-- name: cancel_session_wait
-- Stop the session's run that waits for approval; it ends before newer runs start, and none of its proposed calls is executed.
update chat_runs
set status = 'queued', stop_requested = true, priority = 2
where session_id = %(session_id)s and status = 'waiting'
returning id;

-- name: active_runs
-- The session's waiting or running run, then its queued runs in the order in which they will start.
select id, session_id, employee_slug, status, epoch
from chat_runs
where session_id = %(session_id)s and status in ('waiting', 'running', 'queued')
order by status desc, priority desc, created_at, id;

-- name: run_of_question
-- The run of this user message, if the message is in the current branch. A message that a running run has just superseded counts
-- too: its author cannot know the newer message yet.
select m.run_id
from chat_messages m
left join chat_runs r on r.id = m.superseded_by and r.replaces = m.run_id and r.status = 'running'
where m.id = %(message_id)s and m.session_id = %(session_id)s and m.role = 'user' and (m.superseded_by is null or r.id is not null);

-- name: run_ahead
-- The run after which a run of this priority would start, if the session is busy.
select id, encrypted_input
from chat_runs
where session_id = %(session_id)s and (status = 'running' or (status = 'queued' and priority >= %(priority)s))
order by status, priority, created_at desc, id desc
limit 1;

-- name: last_question
-- The last user message of the current branch.
select run_id, content
from chat_messages
where session_id = %(session_id)s and role = 'user' and superseded_by is null
order by position desc
limit 1;

-- name: supersede
-- Supersede the question of a run and all messages after it. If another run has replaced that question in the meantime, its question
-- counts; if the current branch holds none of these questions any more, no message changes.
with recursive version as (
    select %(replaces)s::uuid as run_id
    union
    select r.id from version v join chat_runs r on r.replaces = v.run_id and r.session_id = %(session_id)s
)
update chat_messages
set superseded_by = %(run_id)s
where session_id = %(session_id)s
  and superseded_by is null
  and position >= (
      select min(m.position)
      from chat_messages m
      join version v on v.run_id = m.run_id
      where m.session_id = %(session_id)s and m.superseded_by is null
  );

-- name: delete_superseded_summary
-- Delete the summary and its embeddings if it covers a message that this run superseded. This is a statement of its own so that it
-- sees a summary that was stored while `supersede` waited for its locks.
with deleted as (
    delete from chat_session_summaries
    where session_id = %(session_id)s
      and last_summarized_position >= (
          select min(position) from chat_messages where session_id = %(session_id)s and superseded_by = %(run_id)s
      )
    returning session_id
)
delete from memory_embeddings e
using deleted d
where e.user_id = auth.uid() and e.source_id = 'session:' || d.session_id;

-- name: accepted_run
-- A run whose insertion was committed although the confirmation was lost.
select employee_slug, status, epoch from chat_runs where id = %(run_id)s;

-- name: claimable_runs
-- Runs of all users that wait for a process, with their users.
select run_id, user_id from claimable_runs(%(max_rows)s)
union all
select run_id, user_id from overdue_approvals(%(max_rows)s);

-- name: claim_run
-- Claim a run for this process: an abandoned run, the first of a free session's queue, or a run whose user did not decide in time
-- (it is to be stopped). From here on writes of an older epoch are refused.
update chat_runs r
set
    status = 'running', epoch = epoch + 1, lease_expires_at = now() + make_interval(secs => %(lease_seconds)s),
    started_at = case when status = 'queued' and epoch = 0 then clock_timestamp() else started_at end,
    stop_requested = stop_requested or status = 'waiting'
where id = %(run_id)s
  and (
      (status in ('running', 'waiting') and lease_expires_at < now())
      or (
          status = 'queued'
          and not exists (select from chat_runs a where a.session_id = r.session_id and a.status = 'running')
          and id = (
              select q.id
              from chat_runs q
              where q.session_id = r.session_id and q.status = 'queued'
              order by q.priority desc, q.created_at, q.id
              limit 1
          )
      )
  )
returning session_id, employee_slug, epoch, encrypted_input, replaces, stop_requested;

-- name: terminate_idle_blockers
-- Terminate the connections that block another one while their client is silent. A process that was suspended in the middle of
-- sending its statements keeps its row locks without limit: no server timeout applies there.
select a.pid, pg_terminate_backend(a.pid)
from unnest(pg_blocking_pids(%(pid)s)) as holder
join pg_stat_activity a on a.pid = holder
where a.wait_event = 'ClientRead' and a.state_change < clock_timestamp() - interval '0.4 seconds';

-- name: renew_lease
-- Renew the lease of a run; returns whether its user asked to stop it.
update chat_runs
set lease_expires_at = now() + make_interval(secs => %(lease_seconds)s)
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning stop_requested;

-- name: release_lease
-- Release the lease of a run: any process may claim it at once.
update chat_runs
set lease_expires_at = now() - interval '1 second'
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning pg_notify('chat_runs', 'due ' || id);

-- name: read_run
-- One run of the caller.
select id, session_id, employee_slug, status, epoch, log_deleted_at is not null as log_deleted
from chat_runs
where id = %(run_id)s;

-- name: request_stop
-- Ask the process of a running run to stop it.
update chat_runs set stop_requested = true where id = %(run_id)s and status = 'running'
returning pg_notify('chat_runs', 'stop ' || id);

-- name: withdraw_run
-- End a queued run that has not started.
update chat_runs
set status = 'stopped', finished_at = now(), encrypted_input = null
where id = %(run_id)s and status = 'queued' and epoch = 0
returning id;

-- name: cancel_run_wait
-- Stop a run that waits for approval, or that was queued to continue after one.
update chat_runs
set status = 'queued', stop_requested = true, priority = 2
where id = %(run_id)s and (status = 'waiting' or (status = 'queued' and epoch > 0))
returning pg_notify('chat_runs', 'due ' || id);

-- name: append_events
-- Append events to the log of a fenced run and notify other processes. Events that were stored before a lost reply are skipped.
with added as (
    insert into chat_run_events (run_id, seq, event)
    select %(run_id)s, (entry ->> 'seq')::int, entry -> 'event'
    from json_array_elements(%(entries)s::json) as entry
    on conflict do nothing
)
select pg_notify('chat_runs', 'events ' || %(run_id)s);

-- name: read_events
-- The events of a run from a number on, in order.
select seq, event from chat_run_events where run_id = %(run_id)s and seq >= %(after)s order by seq;

-- name: suspend_run
-- Let a run wait for approvals. It is queued again at once if all are decided already, or if other runs wait for the session; in the
-- second case it is to be stopped.
with pending as (
    select
        min(a.expires_at) as expires_at,
        exists (
            select from chat_runs me join chat_runs q on q.session_id = me.session_id
            where me.id = %(run_id)s and q.status = 'queued'
        ) as others_wait
    from tool_approvals a
    where a.run_id = %(run_id)s and a.status = 'pending'
)
update chat_runs r
set
    status = case when pending.others_wait or pending.expires_at is null then 'queued' else 'waiting' end,
    stop_requested = r.stop_requested or pending.others_wait,
    priority = 2,
    lease_expires_at = coalesce(pending.expires_at, now())
from pending
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning pending.others_wait or pending.expires_at is null as others_wait, pg_notify('chat_runs', 'due ' || id);

-- name: finish_run
-- End a run: its session becomes free, its input is deleted, its undecided approvals expire. Returns whether other runs wait for the
-- session.
with undecided as (
    update tool_approvals set status = 'expired', decided_at = now() where run_id = %(run_id)s and status = 'pending'
)
update chat_runs r
set
    status = %(status)s, message_id = %(message_id)s, error_code = %(error_code)s, trace = %(trace)s, finished_at = now(),
    encrypted_input = null
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning
    exists (select from chat_runs q where q.session_id = r.session_id and q.status = 'queued') as others_wait,
    pg_notify('chat_runs', 'due ' || id);

-- name: expired_run_logs
-- Runs of all users whose events have expired, with their users.
select run_id, user_id from expired_run_logs(%(days)s, %(max_rows)s);

-- name: delete_run_log
-- Delete the events of a run; its messages stay in the history.
with deleted as (delete from chat_run_events where run_id = %(run_id)s)
update chat_runs set log_deleted_at = now() where id = %(run_id)s;
