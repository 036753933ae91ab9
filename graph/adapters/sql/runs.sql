-- name: find_by_key
-- The run that this user started earlier with the same idempotency key.
select id, session_id, employee_slug, request_hash, status
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

-- name: lose_expired
-- Give up runs of this session whose process let its lease pass.
update chat_runs
set status = 'failed', error_code = 'run_lost', finished_at = now(), sealed_input = null
where session_id = %(session_id)s and status = 'running' and lease_expires_at < now()
returning id;

-- name: insert_run
-- Accept a run for the session's employee; returns no row if the session has an active run, or is not there.
insert into chat_runs (id, session_id, employee_slug, client_key, request_hash, sealed_input, lease_expires_at)
select
    %(run_id)s, id, employee_slug, %(client_key)s, %(request_hash)s, %(sealed_input)s,
    now() + make_interval(secs => %(lease_seconds)s)
from chat_sessions
where id = %(session_id)s
on conflict (session_id) where status = 'running' do nothing
returning employee_slug;

-- name: active_run
-- The run that keeps this session busy.
select id from chat_runs where session_id = %(session_id)s and status = 'running';

-- name: renew_lease
-- Vouch for a run a while longer; tells whether its user asked to stop it.
update chat_runs
set lease_expires_at = now() + make_interval(secs => %(lease_seconds)s)
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning stop_requested;

-- name: read_run
-- One run, if it is the caller's.
select id, session_id, employee_slug, status, error_code, message_id, lease_expires_at < now() as expired
from chat_runs
where id = %(run_id)s;

-- name: request_stop
-- Ask the process that works on a run to stop it.
update chat_runs set stop_requested = true where id = %(run_id)s and status = 'running';

-- name: append_events
-- Add events to a run's log.
insert into chat_run_events (run_id, seq, event)
select %(run_id)s, (entry ->> 'seq')::int, entry -> 'event'
from json_array_elements(%(entries)s::json) as entry;

-- name: read_events
-- The events of a run after a given one, in order.
select seq, event from chat_run_events where run_id = %(run_id)s and seq > %(after)s order by seq;

-- name: finish_run
-- End a run: the session is free from here on, and the sealed input is gone.
update chat_runs
set
    status = %(status)s, message_id = %(message_id)s, error_code = %(error_code)s, trace = %(trace)s, finished_at = now(),
    sealed_input = null
where id = %(run_id)s and status = 'running' and epoch = %(epoch)s
returning id;
