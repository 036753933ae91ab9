-- name: owner_of
-- Whose a run or a session is: the one thing that is asked without claims.
select owner_of(%(id)s) as owner;

-- name: runs_of
-- A run, or all ended runs of a session, in order.
select id, session_id, employee_slug, status, error_code, trace, created_at, coalesce(began_at, created_at) as began_at
from chat_runs
where (id = %(id)s or session_id = %(id)s) and finished_at is not null and epoch > 0
order by coalesce(began_at, created_at);

-- name: run_messages
-- What a run added to the history; what its user thinks of it came later.
select role, content, metadata - 'feedback' as metadata from chat_messages where run_id = %(run_id)s order by position;

-- name: history_before
-- The newest messages that the run could read beside the summary, newest first: those of the branch that was current then.
select m.role, m.content, m.metadata - 'feedback' as metadata
from chat_messages m
left join chat_runs later on later.id = m.superseded_by and coalesce(later.began_at, later.created_at) > %(began_at)s
where m.session_id = %(session_id)s
  and m.position > %(summarized_to)s
  and m.created_at < %(began_at)s
  and (m.superseded_by is null or later.id is not null)
order by m.position desc
limit %(limit)s;

-- name: run_events
-- What a run streamed.
select event from chat_run_events where run_id = %(run_id)s order by seq;

-- name: run_usage
-- What a run took.
select prompt_tokens as prompt, completion_tokens as completion, total_tokens as total, cost, source
from chat_usage_log
where run_id = %(run_id)s;
