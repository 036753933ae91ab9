-- name: owner_of
-- Whose a run or a session is: the one thing that is asked without claims.
select owner_of(%(id)s) as owner;

-- name: runs_of
-- A run, or all ended runs of a session, in order.
select id, session_id, employee_slug, status, error_code, trace, created_at
from chat_runs
where (id = %(id)s or session_id = %(id)s) and finished_at is not null
order by created_at;

-- name: run_messages
-- What a run added to the history; what its user thinks of it came later.
select role, content, metadata - 'feedback' as metadata from chat_messages where run_id = %(run_id)s order by position;

-- name: history_before
-- The newest messages that the run could read beside the summary, newest first.
select role, content, metadata - 'feedback' as metadata
from chat_messages
where session_id = %(session_id)s and position > %(summarized_to)s and created_at < %(created_at)s
order by position desc
limit %(limit)s;

-- name: run_events
-- What a run streamed.
select event from chat_run_events where run_id = %(run_id)s order by seq;

-- name: run_usage
-- What a run took.
select prompt_tokens as prompt, completion_tokens as completion, total_tokens as total, cost, source
from chat_usage_log
where run_id = %(run_id)s;
