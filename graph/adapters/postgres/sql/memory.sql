-- name: memory_snapshot
-- Everything that a turn loads beside its messages, in one row: the user's profile; the pinned facts that this employee may know
-- (the session's employee if none is named; newest first); the running summary; whether the user has vectors of this embedding
-- model; when the newest value of the user's vault was stored.
select
    p.name,
    p.locale,
    p.time_zone,
    p.currency,
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
    exists (select from memory_embeddings where user_id = auth.uid() and embedding_model = %(model)s) as has_embeddings,
    (select max(created_at) from pii_vault where user_id = auth.uid()) as newest_value_at
from (select) as always
left join profiles p on p.user_id = auth.uid()
left join chat_session_summaries s on s.session_id = %(session_id)s;

-- name: history
-- The last messages that the summary does not cover, newest first.
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

-- name: unsummarized_messages
-- The messages that the summary does not cover, oldest first.
select id, position, role, content, metadata, tokens
from chat_messages
where session_id = %(session_id)s
  and superseded_by is null
  and position > coalesce((select last_summarized_position from chat_session_summaries where session_id = %(session_id)s), 0)
order by position
limit %(limit)s;

-- name: store_summary
-- Replace the running summary, unless another job stored a later one or an edit superseded a message that it covers. An edit that
-- supersedes any covered message supersedes the last one too; the lock on that message holds edits back until this is stored.
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

-- name: nearest_texts
-- The caller's texts by descending cosine similarity to a vector of the same model.
select id, chunk, source_id, metadata ->> 'title' as title, 1 - (embedding <=> %(vector)s::vector) as similarity
from memory_embeddings
where user_id = (select auth.uid()) and embedding_model = %(model)s
order by embedding <=> %(vector)s::vector
limit %(limit)s;

-- name: delete_source
-- Delete the embeddings of a source.
delete from memory_embeddings where user_id = auth.uid() and source_id = %(source_id)s;

-- name: insert_embedding
-- Store a masked text with its vector.
insert into memory_embeddings (scope, source_id, chunk, embedding, embedding_model, metadata, token_count)
values (%(scope)s, %(source_id)s, %(chunk)s, %(embedding)s::vector, %(embedding_model)s, %(metadata)s, %(token_count)s);
