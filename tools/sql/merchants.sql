-- name: merchants_by_name
-- The merchants whose names contain the words in any case, those with the most transactions first; each row has the number of all matches.
select
    (array_agg(merchant order by last_date desc, merchant))[1] as merchant,
    array_agg(merchant) as spellings,
    lower(merchant) = lower(%(merchant)s::text) as exact,
    sum(matches)::bigint as matches,
    max(last_date) as last_date,
    count(*) over () as found
from (
    select merchant, count(*) as matches, max(posted_at) as last_date
    from transactions
    where user_id = (select auth.uid()) and strpos(lower(merchant), lower(%(merchant)s::text)) > 0
    group by merchant
) spellings
group by lower(merchant)
order by exact desc, matches desc, merchant
limit %(limit)s::bigint;

-- name: merchant_by_month
-- Sums of a merchant's transactions, under any of its spellings, by month, category, flow and currency. Parts of a split transaction are one purchase. Transfers are left out.
with bookings as (
    select
        coalesce(split_of, id) as booking,
        date_trunc('month', posted_at::timestamp)::date as month,
        posted_at, amount, currency, category, flow
    from transactions
    where user_id = (select auth.uid()) and merchant = any (%(spellings)s::text[]) and flow <> 'transfer'
)
select
    month,
    category,
    flow,
    currency,
    count(*) as matches,
    array_agg(distinct booking) filter (where amount < 0) as purchases,
    coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
    coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
    coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds,
    min(posted_at) as first_date,
    max(posted_at) as last_date
from bookings
group by month, category, flow, currency
order by currency, month;
