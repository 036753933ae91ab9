-- name: user_of
-- The user of a run or a session; runs without claims.
select user_of(%(id)s) as user_id;

-- name: runs_of
-- A run, or all ended runs of a session, in order.
select id, session_id, employee_slug, status, error_code, trace, created_at, coalesce(started_at, created_at) as started_at
from chat_runs
where (id = %(id)s or session_id = %(id)s) and finished_at is not null and epoch > 0
order by coalesce(started_at, created_at);

-- name: run_messages
-- The messages that a run added to the history, without the feedback that came later.
select role, content, metadata - 'feedback' as metadata from chat_messages where run_id = %(run_id)s order by position;

-- name: history_before
-- The last messages that the run could read beside the summary, newest first, in the branch that was current then.
select m.role, m.content, m.metadata - 'feedback' as metadata
from chat_messages m
left join chat_runs later on later.id = m.superseded_by and coalesce(later.started_at, later.created_at) > %(started_at)s
where m.session_id = %(session_id)s
  and m.position > %(summarized_to)s
  and m.created_at < %(started_at)s
  and (m.superseded_by is null or later.id is not null)
order by m.position desc
limit %(limit)s;

-- name: run_events
-- The events of a run, in order.
select event from chat_run_events where run_id = %(run_id)s order by seq;

-- name: run_usage
-- The token usage of a run.
select prompt_tokens as prompt, completion_tokens as completion, total_tokens as total, cost, source
from chat_usage_log
where run_id = %(run_id)s;
