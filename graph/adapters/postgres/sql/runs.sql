-- name: find_by_key
-- The run that this user started earlier with the same idempotency key.
select id, session_id, employee_slug, request_hash, status, epoch, log_dropped_at is not null as log_dropped
from chat_runs
where user_id = auth.uid() and client_key = %(client_key)s;

-- name: open_session
-- A new conversation.
insert into chat_sessions (id, employee_slug) values (%(session_id)s, %(employee)s);

-- name: read_session
-- Whether a conversation is the caller's.
select id from chat_sessions where id = %(session_id)s;

-- name: hand_over
-- The user chose another employee for this conversation.
update chat_sessions set employee_slug = %(employee)s where id = %(session_id)s and employee_slug <> %(employee)s;

-- name: take_turn
-- Take one turn from the user's bucket: the generic cell rate algorithm, `per_minute` at once and then one each 60 / per_minute
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

-- name: why_no_turn
-- Seconds until the bucket holds a turn again, and whether the day's tokens are the reason.
select
    extract(epoch from next_turn_at - now())::float8 - 60 + 60.0 / %(per_minute)s as bucket_wait,
    %(daily_tokens)s::bigint > 0 and day = (now() at time zone 'utc')::date and day_tokens >= %(daily_tokens)s::bigint as spent,
    extract(epoch from date_trunc('day', now() at time zone 'utc') + interval '1 day' - (now() at time zone 'utc'))::float8 as day_wait
from chat_rate_limits
where user_id = auth.uid();

-- name: insert_run
-- Accept a run for the session's employee; returns no row if the session is busy or waits for its user, or is not there.
insert into chat_runs (id, session_id, employee_slug, client_key, request_hash, sealed_input, replaces, lease_expires_at)
select
    %(run_id)s, id, employee_slug, %(client_key)s, %(request_hash)s, %(sealed_input)s, %(replaces)s,
    now() + make_interval(secs => %(lease_seconds)s)
from chat_sessions s
where id = %(session_id)s
  and not exists (select from chat_runs q where q.session_id = s.id and q.status in ('queued', 'waiting'))
on conflict (session_id) where status = 'running' do nothing
returning employee_slug;

-- name: queue_run
-- Accept a run that waits for its session; returns no row if too many wait, or the session is not there.
insert into chat_runs (
    id, session_id, employee_slug, client_key, request_hash, sealed_input, replaces, lease_expires_at, status, epoch, priority
)
select
    %(run_id)s, id, employee_slug, %(client_key)s, %(request_hash)s, %(sealed_input)s, %(replaces)s, now(), 'queued', 0,
    %(priority)s
from chat_sessions s
where id = %(session_id)s
  and (select count(*) from chat_runs q where q.session_id = s.id and q.status = 'queued') < %(most_queued)s
returning employee_slug;

-- name: give_up_wait
-- Have the run of a session that waits for its user ended before what was asked since: nothing of what it proposed is done.
update chat_runs
set status = 'queued', stop_requested = true, priority = 2
where session_id = %(session_id)s and status = 'waiting'
returning id;

-- name: active_runs
-- The run that waits for its user or keeps a session busy, then those that wait for it in the order in which they will be begun.
select id, session_id, employee_slug, status, epoch
from chat_runs
where session_id = %(session_id)s and status in ('waiting', 'running', 'queued')
order by status desc, priority desc, created_at, id;

-- name: run_of_question
-- The run that asked with this message of the user, if it is in the current branch; or if a run that is under way has just
-- taken its place, for which whoever wrote it cannot know a later message.
select m.run_id
from chat_messages m
left join chat_runs r on r.id = m.superseded_by and r.replaces = m.run_id and r.status = 'running'
where m.id = %(message_id)s and m.session_id = %(session_id)s and m.role = 'user' and (m.superseded_by is null or r.id is not null);

-- name: run_ahead
-- The run after which one of this priority would be begun, if the session is busy.
select id, sealed_input
from chat_runs
where session_id = %(session_id)s and (status = 'running' or (status = 'queued' and priority >= %(priority)s))
order by status, priority, created_at desc, id desc
limit 1;

-- name: last_question
-- What the user said last in the current branch.
select run_id, content
from chat_messages
where session_id = %(session_id)s and role = 'user' and superseded_by is null
order by position desc
limit 1;

-- name: supersede
-- Leave behind a run's question and all that followed. If another run has taken the place of that question meanwhile, it is that
-- one's; if the current branch holds none of them any more, nothing is left behind.
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

-- name: forget_superseded
-- Forget the summary, and what was embedded of it, if it tells of anything that a run has left behind. This is a statement of
-- its own: it sees a summary that was stored while the one before waited for its messages.
with forgotten as (
    delete from chat_session_summaries
    where session_id = %(session_id)s
      and last_summarized_position >= (
          select min(position) from chat_messages where session_id = %(session_id)s and superseded_by = %(run_id)s
      )
    returning session_id
)
delete from memory_embeddings e
using forgotten f
where e.user_id = auth.uid() and e.source_id = 'session:' || f.session_id;

-- name: find_run
-- A run that was accepted though its process was not told so.
select employee_slug, status, epoch from chat_runs where id = %(run_id)s;

-- name: runs_due
-- Runs of anybody that wait for a process: ids and owners.
select run_id, owner from runs_due(%(most)s)
union all
select run_id, owner from waits_due(%(most)s);

-- name: claim_run
-- Become the one process that works on a run: an abandoned one, the first of a free session's queue, or one whose user did not
-- decide in time, which is to be stopped. All that was written for an older epoch is refused from here on.
update chat_runs r
set
    status = 'running', epoch = epoch + 1, lease_expires_at = now() + make_interval(secs => %(lease_seconds)s),
    began_at = case when status = 'queued' and epoch = 0 then clock_timestamp() else began_at end,
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
returning session_id, employee_slug, epoch, sealed_input, replaces, stop_requested;

-- name: end_sleepers
-- End the connections that hold up another one while they wait for a process that says nothing. A process that was stopped in
-- the middle of sending its statements holds its rows without limit: no time-out of the server's counts there.
select a.pid, pg_terminate_backend(a.pid)
from unnest(pg_blocking_pids(%(pid)s)) as holder
join pg_stat_activity a on a.pid = holder
where a.wait_event = 'ClientRead' and a.state_change < clock_timestamp() - interval '0.4 seconds';

-- name: renew_lease
-- Vouch for a run a while longer; tells whether its user asked to stop it.
update chat_runs
set lease_expires_at = now() + make_interval(secs => %(lease_seconds)s)
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning stop_requested;

-- name: release_lease
-- Vouch for a run no longer.
update chat_runs
set lease_expires_at = now() - interval '1 second'
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning pg_notify('chat_runs', 'due ' || id);

-- name: read_run
-- One run, if it is the caller's.
select id, session_id, employee_slug, status, epoch, log_dropped_at is not null as log_dropped
from chat_runs
where id = %(run_id)s;

-- name: request_stop
-- Ask the process that works on a run to stop it.
update chat_runs set stop_requested = true where id = %(run_id)s and status = 'running'
returning pg_notify('chat_runs', 'stop ' || id);

-- name: withdraw_run
-- Take a run out of the queue that has not begun.
update chat_runs
set status = 'stopped', finished_at = now(), sealed_input = null
where id = %(run_id)s and status = 'queued' and epoch = 0
returning id;

-- name: stop_wait
-- Have a run stopped that waits for its user, or that will go on with what its user decided.
update chat_runs
set status = 'queued', stop_requested = true, priority = 2
where id = %(run_id)s and (status = 'waiting' or (status = 'queued' and epoch > 0))
returning pg_notify('chat_runs', 'due ' || id);

-- name: append_events
-- Add events to the log of a run that is held (see fence), and tell other processes. Those that a lost reply hid are there already.
with added as (
    insert into chat_run_events (run_id, seq, event)
    select %(run_id)s, (entry ->> 'seq')::int, entry -> 'event'
    from json_array_elements(%(entries)s::json) as entry
    on conflict do nothing
)
select pg_notify('chat_runs', 'events ' || %(run_id)s);

-- name: read_events
-- The events of a run from a given one on, in order.
select seq, event from chat_run_events where run_id = %(run_id)s and seq >= %(after)s order by seq;

-- name: wait
-- Let a run wait for what its user decides. If that is decided already, or others wait for the session, it goes on at once; in the
-- second case to be stopped.
with asked as (
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
    status = case when asked.others_wait or asked.expires_at is null then 'queued' else 'waiting' end,
    stop_requested = r.stop_requested or asked.others_wait,
    priority = 2,
    lease_expires_at = coalesce(asked.expires_at, now())
from asked
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning asked.others_wait or asked.expires_at is null as others_wait, pg_notify('chat_runs', 'due ' || id);

-- name: finish_run
-- End a run: the session is free from here on, the sealed input is gone, and what was not decided never will be. Tells whether other
-- runs wait for the session.
with undecided as (
    update tool_approvals set status = 'expired', decided_at = now() where run_id = %(run_id)s and status = 'pending'
)
update chat_runs r
set
    status = %(status)s, message_id = %(message_id)s, error_code = %(error_code)s, trace = %(trace)s, finished_at = now(),
    sealed_input = null
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning
    exists (select from chat_runs q where q.session_id = r.session_id and q.status = 'queued') as others_wait,
    pg_notify('chat_runs', 'due ' || id);

-- name: logs_due
-- Runs of anybody whose events have been kept for long enough: ids and owners.
select run_id, owner from logs_due(%(days)s, %(most)s);

-- name: drop_log
-- Forget what a run streamed; its messages are in the history.
with dropped as (delete from chat_run_events where run_id = %(run_id)s)
update chat_runs set log_dropped_at = now() where id = %(run_id)s;
