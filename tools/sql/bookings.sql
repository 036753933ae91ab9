-- name: insert_transaction
-- Enter a transaction by hand.
insert into transactions (account_id, posted_at, amount, currency, merchant, description, category, source)
values (
    %(account_id)s::uuid, %(day)s::date, %(amount)s::numeric, %(currency)s::text, %(merchant)s::text,
    %(description)s::text, %(category)s::text, 'manual'
)
returning id, posted_at, amount, currency, merchant, description, category, flow;

-- name: count_equal_transactions
-- The number of transactions of a day with the same amount, currency, merchant and statement line.
select count(*) as matches
from transactions
where user_id = (select auth.uid())
    and posted_at = %(day)s::date
    and amount = %(amount)s::numeric
    and currency = %(currency)s::text
    and lower(coalesce(merchant, '')) = lower(coalesce(%(merchant)s::text, ''))
    and lower(description) = lower(%(description)s::text);

-- name: split_transaction
-- Split an unsplit transaction whose amount is unchanged. The row keeps the first part, the other parts are new rows.
with parts as (
    select amount, category, number
    from unnest(%(amounts)s::numeric[], %(categories)s::text[]) with ordinality part (amount, category, number)
),
kept as (
    update transactions t
    set amount = parts.amount, category = parts.category
    from parts
    where parts.number = 1
        and t.user_id = (select auth.uid())
        and t.id = %(id)s::uuid
        and t.amount = %(amount)s::numeric
        and t.amount = (select sum(amount) from parts)
        and t.split_of is null
        and not exists (select from transactions p where p.user_id = t.user_id and p.split_of = t.id)
    returning t.*
),
added as (
    insert into transactions (account_id, posted_at, amount, currency, merchant, description, category, is_transfer, source, split_of)
    select
        kept.account_id, kept.posted_at, parts.amount, kept.currency, kept.merchant, kept.description, parts.category,
        kept.is_transfer, kept.source, kept.id
    from kept
    cross join parts
    where parts.number > 1
    order by parts.number
    returning *
)
select id, posted_at, amount, currency, merchant, description, category, flow, split_of from kept
union all
select id, posted_at, amount, currency, merchant, description, category, flow, split_of from added;

-- name: split_parts
-- The rows of a split transaction, the original one first.
select id, posted_at, amount, currency, merchant, description, category, flow, split_of
from transactions
where user_id = (select auth.uid()) and (id = %(id)s::uuid or split_of = %(id)s::uuid)
order by split_of is not null, abs(amount) desc, id;

-- name: undo_split
-- Join the parts of a split transaction into one of the sum of their amounts.
with gone as (
    delete from transactions
    where user_id = (select auth.uid()) and split_of = %(id)s::uuid
    returning amount
)
update transactions
set amount = amount + (select sum(amount) from gone), category = %(category)s::text
where user_id = (select auth.uid()) and id = %(id)s::uuid and exists (select from gone)
returning id, posted_at, amount, currency, merchant, description, category, flow;
