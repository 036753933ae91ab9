-- name: all
-- The caller's facts, pinned facts first.
select id, scope, fact, confidence, source, is_pinned, created_at, updated_at
from user_memory_facts
where user_id = auth.uid()
order by is_pinned desc, created_at desc, id
limit 500;

-- name: add
-- Store a fact that the user stated; storing it again only changes whether it is pinned.
insert into user_memory_facts (scope, fact, is_pinned)
values (%(scope)s, %(fact)s, %(is_pinned)s)
on conflict (user_id, scope, fact) do update set is_pinned = excluded.is_pinned
returning id, scope, fact, confidence, source, is_pinned, created_at, updated_at;

-- name: delete
-- Delete a fact.
delete from user_memory_facts where id = %(fact_id)s returning id;
