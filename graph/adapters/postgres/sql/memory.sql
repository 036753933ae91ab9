-- name: remembered
-- What is known beside the conversation itself: where the user's days begin, the pinned facts that this employee may know (the one of
-- the session unless one is named; the most recent first), the running summary, whether the user has anything that a query of
-- this model could meet, and when the newest value of the user's vault was issued. Always one row.
select
    (select time_zone from profiles where user_id = auth.uid()) as time_zone,
    array(
        select fact
        from user_memory_facts
        where user_id = auth.uid()
          and is_pinned
          and scope in (
              'global', coalesce(%(employee)s, (select employee_slug from chat_sessions where id = %(session_id)s))
          )
        order by created_at desc
        limit 50
    ) as facts,
    s.summary,
    s.key_facts,
    s.last_summarized_position,
    exists (select from memory_embeddings where user_id = auth.uid() and embedding_model = %(model)s) as searchable,
    (select max(created_at) from pii_vault where user_id = auth.uid()) as newest_value_at
from (select) as always
left join chat_session_summaries s on s.session_id = %(session_id)s;

-- name: history
-- The newest messages that the summary does not cover, newest first.
select role, content, metadata
from chat_messages
where session_id = %(session_id)s
  and superseded_by is null
  and position > coalesce((select last_summarized_position from chat_session_summaries where session_id = %(session_id)s), 0)
order by position desc
limit %(limit)s;

-- name: summary
-- The running summary of a conversation.
select summary, key_facts, last_summarized_position from chat_session_summaries where session_id = %(session_id)s;

-- name: summary_state
-- Turns and tokens since the last summary, and the seconds since then (or since the session began).
select
    count(*) filter (where m.role = 'user') as turns,
    coalesce(sum(m.tokens), 0) as tokens,
    extract(epoch from now() - coalesce(max(s.updated_at), min(c.created_at)))::float8 as seconds
from chat_sessions c
left join chat_session_summaries s on s.session_id = c.id
left join chat_messages m
    on m.session_id = c.id and m.superseded_by is null and m.position > coalesce(s.last_summarized_position, 0)
where c.id = %(session_id)s;

-- name: unsummarized
-- The messages that the summary does not cover, oldest first.
select id, position, role, content, metadata, tokens
from chat_messages
where session_id = %(session_id)s
  and superseded_by is null
  and position > coalesce((select last_summarized_position from chat_session_summaries where session_id = %(session_id)s), 0)
order by position
limit %(limit)s;

-- name: store_summary
-- Replace the running summary, unless another job was faster, or a message that it covers was left behind meanwhile: then the
-- last one was, too. Until it is stored none can be.
with last_covered as (
    select id, position from chat_messages where id = %(message_id)s and superseded_by is null for share
)
insert into chat_session_summaries as s (
    session_id, summary, key_facts, last_summarized_message_id, last_summarized_position, token_count
)
select %(session_id)s, %(summary)s, %(key_facts)s, id, position, %(tokens)s from last_covered
on conflict (session_id) do update set
    summary = excluded.summary,
    key_facts = excluded.key_facts,
    last_summarized_message_id = excluded.last_summarized_message_id,
    last_summarized_position = excluded.last_summarized_position,
    token_count = excluded.token_count
where s.last_summarized_position < excluded.last_summarized_position
returning session_id;

-- name: forget_source
-- Remove what was embedded from a source.
delete from memory_embeddings where user_id = auth.uid() and source_id = %(source_id)s;

-- name: embed
-- Store masked texts with their vectors.
insert into memory_embeddings (owner_scope, source_id, chunk, embedding, embedding_model, metadata, token_count)
values (%(owner_scope)s, %(source_id)s, %(chunk)s, %(embedding)s::vector, %(model)s, %(metadata)s, %(token_count)s);
