-- name: find_recorded
-- The last message of a run that was stored already: its answer, or as far as it came.
select id from chat_messages where run_id = %(run_id)s order by position desc limit 1;

-- name: insert_messages
-- Store the messages of a turn, in order.
insert into chat_messages (id, session_id, run_id, role, content, employee_slug, tokens, metadata)
select
    (m ->> 'id')::uuid, %(session_id)s, %(run_id)s, m ->> 'role', m ->> 'content', m ->> 'employee_slug',
    (m ->> 'tokens')::int, m -> 'metadata'
from jsonb_array_elements(%(messages)s::jsonb) with ordinality as t (m, ordinal)
order by ordinal;

-- name: mark_session
-- Name a conversation after its first question, and keep what has brought text into it that its user did not write.
update chat_sessions
set title = coalesce(title, %(title)s), quoted = array(select distinct unnest(quoted || %(quoted)s::text[]) order by 1)
where id = %(session_id)s and (title is null or not quoted @> %(quoted)s::text[]);

-- name: log_usage
-- What the turn took; returns no row if that was logged before.
insert into chat_usage_log (
    session_id, run_id, employee_slug, model, prompt_tokens, completion_tokens, total_tokens, cost, source, latency_ms, tools_used,
    success, error_message
)
values (
    %(session_id)s, %(run_id)s, %(employee)s, %(model)s, %(prompt)s, %(completion)s, %(total)s, %(cost)s, %(source)s,
    (select extract(epoch from clock_timestamp() - created_at) * 1000 from chat_runs where id = %(run_id)s), %(tools_used)s, %(success)s, %(error)s
)
on conflict (run_id) do nothing
returning id;

-- name: spend_tokens
-- Count the turn's tokens towards the user's day (UTC).
insert into chat_rate_limits as l (day, day_tokens)
values ((now() at time zone 'utc')::date, %(total)s)
on conflict (user_id) do update set
    day = excluded.day,
    day_tokens = case when l.day = excluded.day then l.day_tokens else 0 end + excluded.day_tokens;

-- name: run_messages
-- What a run added to the history.
select id, role, content, metadata from chat_messages where run_id = %(run_id)s order by position;

-- name: run_usage
-- What a run took.
select prompt_tokens as prompt, completion_tokens as completion, total_tokens as total, cost, source, success,
    error_message as error
from chat_usage_log
where run_id = %(run_id)s;
