-- name: matching_transactions
-- A page of the matching transactions, newest first; each row has the exact totals over all matches in its currency.
with matches as not materialized (
    select t.id, t.posted_at, t.amount, t.currency, t.merchant, t.description, t.category, t.flow, a.name as account
    from transactions t
    left join accounts a on a.id = t.account_id and a.user_id = t.user_id
    where t.user_id = (select auth.uid())
        and t.posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
        and (%(flow)s::text is null or t.flow = %(flow)s::text)
        and (%(categories)s::text[] is null or t.category = any (%(categories)s::text[]))
        and (%(account_ids)s::uuid[] is null or t.account_id = any (%(account_ids)s::uuid[]))
        and (%(min_amount)s::numeric is null or abs(t.amount) >= %(min_amount)s::numeric)
        and (%(max_amount)s::numeric is null or abs(t.amount) <= %(max_amount)s::numeric)
        and (%(merchant)s::text is null or t.merchant ilike %(merchant)s::text)
        and (%(description)s::text is null or t.description ilike %(description)s::text)
),
totals as (
    select
        currency,
        count(*) as matches,
        coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
        coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
        coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds,
        coalesce(sum(amount) filter (where flow = 'transfer'), 0) as transfers
    from matches
    group by currency
),
page as (
    select * from matches order by posted_at desc, id limit %(limit)s::bigint offset %(offset)s::bigint
)
-- One statement, so that rows and totals agree. A currency without a transaction on the page has one row with a null id.
select
    totals.currency, totals.matches, totals.income, totals.spent_gross, totals.refunds, totals.transfers,
    page.id, page.posted_at, page.amount, page.merchant, page.description, page.category, page.flow, page.account
from totals
left join page using (currency)
order by page.posted_at desc nulls last, page.id, totals.currency;

-- name: category_totals
-- Count and sums of each category, flow (expense or income) and currency in a period, without transfers.
select
    category,
    flow,
    currency,
    count(*) as matches,
    coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
    coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
    coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds
from transactions
where user_id = (select auth.uid())
    and posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
    and flow <> 'transfer'
    and (%(flow)s::text is null or flow = %(flow)s::text)
group by category, flow, currency;
