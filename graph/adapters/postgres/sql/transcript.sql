-- name: last_message_of_run
-- The last message that a run has stored: its answer, or the partial one.
select id from chat_messages where run_id = %(run_id)s order by position desc limit 1;

-- name: insert_messages
-- Store the messages of a turn, in order.
insert into chat_messages (id, session_id, run_id, role, content, employee_slug, tokens, metadata)
select
    (m ->> 'id')::uuid, %(session_id)s, %(run_id)s, m ->> 'role', m ->> 'content', m ->> 'employee_slug',
    (m ->> 'tokens')::int, m -> 'metadata'
from jsonb_array_elements(%(messages)s::jsonb) with ordinality as t (m, ordinal)
order by ordinal;

-- name: update_session
-- Title a session after its first question, and add the sources of text that the user did not write.
update chat_sessions
set
    title = coalesce(title, %(title)s),
    untrusted_sources = array(
        select distinct unnest(untrusted_sources || %(untrusted_sources)s::text[]) order by 1
    )
where id = %(session_id)s and (title is null or not untrusted_sources @> %(untrusted_sources)s::text[]);

-- name: log_usage
-- Log the usage of a turn; returns no row if the run's usage is logged already.
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

-- name: add_day_tokens
-- Add the turn's tokens to the user's total of the day (UTC).
insert into chat_rate_limits as l (day, day_tokens)
values ((now() at time zone 'utc')::date, %(total)s)
on conflict (user_id) do update set
    day = excluded.day,
    day_tokens = case when l.day = excluded.day then l.day_tokens else 0 end + excluded.day_tokens;

-- name: run_messages
-- The messages that a run added to the history, in order.
select id, role, content, metadata from chat_messages where run_id = %(run_id)s order by position;

-- name: run_usage
-- The token usage and outcome of a run.
select prompt_tokens as prompt, completion_tokens as completion, total_tokens as total, cost, source, success,
    error_message as error
from chat_usage_log
where run_id = %(run_id)s;
