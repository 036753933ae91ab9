-- name: merchant_category_evidence
-- The user's corrections, rules and transactions at a merchant by category, one row each: source, category, number and latest time.
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
    and id is distinct from %(excluded_id)s::uuid
group by category
order by 1, 3 desc, 4 desc, 2;

-- name: category_corrections
-- The category changes of one transaction, the latest first.
select category_before, category, created_at::date as day
from category_corrections
where user_id = (select auth.uid()) and transaction_id = %(id)s::uuid
order by created_at desc, id
limit %(limit)s::bigint;

-- name: category_rules
-- The user's rules by pattern; each row has the number of all rules.
select id, match, pattern, category, created_at::date as day, count(*) over () as found
from category_rules
where user_id = (select auth.uid())
order by lower(pattern), match, id
limit %(limit)s::bigint;

-- name: rule_matches
-- The number of transactions and merchants that a rule matches, and of the transactions in another category.
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

-- name: upsert_category_rule
-- Insert a rule, or change the category of the rule with this pattern.
insert into category_rules (match, pattern, category)
values (%(match)s::text, %(pattern)s::text, %(category)s::text)
on conflict (user_id, match, lower(pattern)) do update set category = excluded.category
returning id, match, pattern, category;

-- name: delete_category_rule
-- Delete one rule.
delete from category_rules
where user_id = (select auth.uid()) and id = %(id)s::uuid
returning id, match, pattern, category;
