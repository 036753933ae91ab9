-- name: transaction_by_id
-- One transaction, and whether it is a part of a split transaction or was split.
select
    t.id, t.posted_at, t.amount, t.currency, t.merchant, t.description, t.category, t.flow, t.is_transfer, t.source, t.split_of,
    t.account_id,
    exists (select from transactions p where p.user_id = t.user_id and p.split_of = t.id) as was_split
from transactions t
where t.user_id = (select auth.uid()) and t.id = %(id)s::uuid;

-- name: similar_transactions
-- Transactions whose merchant or statement line contains the words, of a day or an amount if given, newest first; each row has the number of all matches.
select
    t.id, t.posted_at, t.amount, t.currency, t.merchant, t.description, t.category, t.flow, t.is_transfer, t.source, t.split_of,
    t.account_id,
    exists (select from transactions p where p.user_id = t.user_id and p.split_of = t.id) as was_split,
    count(*) over () as found
from transactions t
where t.user_id = (select auth.uid())
    and (%(day)s::date is null or t.posted_at = %(day)s::date)
    and (%(amount)s::numeric is null or abs(t.amount) = %(amount)s::numeric)
    and (
        %(merchant)s::text is null
        or strpos(lower(coalesce(t.merchant, '')), lower(%(merchant)s::text)) > 0
        or strpos(lower(t.description), lower(%(merchant)s::text)) > 0
    )
order by t.posted_at desc, t.id
limit %(limit)s::bigint;

-- name: set_category
-- Change the category of a transaction whose category is unchanged, and record the correction.
with changed as (
    update transactions
    set category = %(category)s::text
    where user_id = (select auth.uid()) and id = %(id)s::uuid and category = %(category_before)s::text
    returning id, merchant, category, flow
),
recorded as (
    insert into category_corrections (transaction_id, merchant, category_before, category)
    select id, merchant, %(category_before)s::text, category from changed
)
select id, category, flow from changed;

-- name: bulk_matches
-- The transactions of a bulk change, newest first: matching rows outside the new category; each row has the number of all matches.
select t.id, t.posted_at, t.amount, t.currency, t.merchant, t.description, t.category, count(*) over () as found
from transactions t
where t.user_id = (select auth.uid())
    and t.category <> %(category)s::text
    and (%(from_category)s::text is null or t.category = %(from_category)s::text)
    and (%(merchant)s::text is null or strpos(lower(t.merchant), lower(%(merchant)s::text)) > 0)
    and (%(description)s::text is null or strpos(lower(t.description), lower(%(description)s::text)) > 0)
    and t.posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
    and (%(min_amount)s::numeric is null or abs(t.amount) >= %(min_amount)s::numeric)
    and (%(max_amount)s::numeric is null or abs(t.amount) <= %(max_amount)s::numeric)
order by t.posted_at desc, t.id
limit %(limit)s::bigint;

-- name: set_categories
-- Change the category of transactions and record the corrections; returns sums by currency and former category.
with before as (
    select id, merchant, category, amount, currency
    from transactions
    where user_id = (select auth.uid()) and id = any (%(ids)s::uuid[]) and category <> %(category)s::text
    for update
),
changed as (
    update transactions t
    set category = %(category)s::text
    from before
    where t.user_id = (select auth.uid()) and t.id = before.id
    returning t.id
),
recorded as (
    insert into category_corrections (transaction_id, merchant, category_before, category)
    select id, merchant, category, %(category)s::text from before
)
select category, currency, count(*) as matches, sum(amount) as amount
from before
join changed using (id)
group by category, currency
order by currency, category;

-- name: count_own_categories
-- The number of the user's own categories.
select count(*) as categories from categories where user_id = (select auth.uid());

-- name: insert_category
-- Create a category for the user unless the name exists; a taken slug gets a number.
insert into categories (name, slug)
select %(name)s::text, candidate.slug
from (
    select case when number = 1 then %(slug)s::text else %(slug)s::text || '-' || number end as slug, number
    from generate_series(1, 200) number
) candidate
where not exists (
    select from categories c
    where (c.user_id is null or c.user_id = (select auth.uid()))
        and (c.slug = candidate.slug or lower(c.name) = lower(%(name)s::text))
)
order by candidate.number
limit 1
returning name;
