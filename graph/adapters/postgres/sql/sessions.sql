-- name: list_sessions
-- The caller's sessions, newest first; the cursor is the position of the last session seen.
select id, title, employee_slug, message_count, token_count, last_message_at, created_at, updated_at
from chat_sessions
where user_id = auth.uid()
  and (%(before)s::timestamptz is null or (updated_at, id) < (%(before)s::timestamptz, %(before_id)s::uuid))
order by updated_at desc, id desc
limit %(limit)s;

-- name: read_session
-- One session.
select id, title, employee_slug, message_count, token_count, last_message_at, created_at, updated_at
from chat_sessions
where id = %(session_id)s;

-- name: create_missing_session
-- Create a session with this id, unless any user has one.
insert into chat_sessions (id, employee_slug) values (%(session_id)s, %(employee)s) on conflict (id) do nothing;

-- name: rename_session
-- Change the title of a session.
update chat_sessions set title = %(title)s where id = %(session_id)s returning id;

-- name: delete_session
-- Delete a session; its messages, runs, events and summary are deleted with it.
delete from chat_sessions where id = %(session_id)s returning id;

-- name: delete_checkpoints
-- Delete the checkpoints of a session.
delete from checkpoints where thread_id = %(session_id)s::text;

-- name: delete_blobs
-- Delete the channel values of a session.
delete from checkpoint_blobs where thread_id = %(session_id)s::text;

-- name: delete_writes
-- Delete the task writes of a session.
delete from checkpoint_writes where thread_id = %(session_id)s::text;

-- name: delete_embeddings
-- Delete the embeddings of a session's summary.
delete from memory_embeddings where user_id = auth.uid() and source_id = 'session:' || %(session_id)s::text;

-- name: list_messages
-- A page of a session's messages, of the current branch or of all branches: pages run from newest to oldest, messages within a page
-- from oldest to newest.
select id, run_id, position, role, content, employee_slug, tokens, metadata, superseded_by, created_at
from (
    select *
    from chat_messages
    where session_id = %(session_id)s
      and (%(all_branches)s or superseded_by is null)
      and (%(before)s::bigint is null or position < %(before)s::bigint)
    order by position desc
    limit %(limit)s
) as page
order by position;

-- name: store_feedback
-- Store the user's feedback on an answer.
update chat_messages
set metadata = metadata || jsonb_build_object('feedback', %(feedback)s::jsonb)
where id = %(message_id)s and session_id = %(session_id)s and role = 'assistant'
returning id;

-- name: usage
-- Turns, tokens and cost by day (UTC), employee and model.
select
    (created_at at time zone 'utc')::date as day,
    employee_slug,
    model,
    count(*) as turns,
    count(distinct session_id) as sessions,
    sum(prompt_tokens) as prompt_tokens,
    sum(completion_tokens) as completion_tokens,
    sum(total_tokens) as total_tokens,
    sum(cost)::text as cost,
    count(*) filter (where not success) as failures,
    round(avg(latency_ms))::int as average_latency_ms
from chat_usage_log
where user_id = auth.uid() and created_at >= now() - make_interval(days => %(days)s)
group by 1, 2, 3
order by 1 desc, 2, 3;
