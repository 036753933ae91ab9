-- name: what_is_known_of_merchants
-- What the caller's corrections, rules and transactions say on the categories of a merchant, a line for each: source, category, how many, and of when.
select 'correction' as source, category, count(*) as matches, max(created_at) as latest, null as pattern, null as match
from category_corrections
where user_id = (select auth.uid()) and lower(merchant) = lower(%(merchant)s::text)
group by category
union all
select 'rule', category, 1, null, pattern, match
from (
    select category, pattern, match
    from category_rules
    where user_id = (select auth.uid())
        and (
            match = 'equals' and lower(pattern) = lower(%(merchant)s::text)
            or match = 'contains' and strpos(lower(%(merchant)s::text), lower(pattern)) > 0
        )
    order by match = 'equals' desc, length(pattern) desc, updated_at desc, id
    limit 1
) rule
union all
select 'history', category, count(*), max(posted_at)::timestamp at time zone 'UTC', null, null
from transactions
where user_id = (select auth.uid())
    and merchant in (
        select merchant
        from (select merchant from transactions where user_id = (select auth.uid()) group by merchant) spellings
        where lower(merchant) = lower(%(merchant)s::text)
    )
    and id is distinct from %(apart_from)s::uuid
group by category
order by 1, 3 desc, 4 desc, 2;

-- name: corrections_of
-- The changes of one transaction's category, the latest first.
select category_before, category, created_at::date as day
from category_corrections
where user_id = (select auth.uid()) and transaction_id = %(id)s::uuid
order by created_at desc, id
limit %(limit)s::bigint;

-- name: category_rules
-- The caller's rules, by pattern; beside each how many there are.
select id, match, pattern, category, created_at::date as day, count(*) over () as found
from category_rules
where user_id = (select auth.uid())
order by lower(pattern), match, id
limit %(limit)s::bigint;

-- name: merchants_of_rule
-- How many transactions and merchants a rule fits, and how many of them are in another category.
select
    count(*) as matches,
    count(distinct lower(merchant)) as merchants,
    count(*) filter (where category <> %(category)s::text) as elsewhere
from transactions
where user_id = (select auth.uid())
    and case %(match)s::text
        when 'equals' then lower(merchant) = lower(%(pattern)s::text)
        else strpos(lower(merchant), lower(%(pattern)s::text)) > 0
    end;

-- name: keep_category_rule
-- Make a rule, or give the one of this pattern another category.
insert into category_rules (match, pattern, category)
values (%(match)s::text, %(pattern)s::text, %(category)s::text)
on conflict (user_id, match, lower(pattern)) do update set category = excluded.category
returning id, match, pattern, category;

-- name: delete_category_rule
-- Delete one rule.
delete from category_rules
where user_id = (select auth.uid()) and id = %(id)s::uuid
returning id, match, pattern, category;
