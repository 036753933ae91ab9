-- name: payees_paid_yearly
-- Merchants with few bookings in a long time, months apart on average, by flow (expense or income): days and amounts, the oldest first.
with seldom as materialized (
    select merchant
    from (
        select
            merchant,
            count(*) filter (where posted_at >= %(start_date)s::date) as bookings,
            min(posted_at) filter (where posted_at >= %(start_date)s::date) as first_date,
            max(posted_at) as last_date
        from transactions
        where user_id = (select auth.uid())
        group by merchant
    ) spellings
    where bookings between %(min_count)s::bigint and %(max_count)s::bigint
        and last_date - first_date >= %(min_days_apart)s::int * (bookings - 1)
)
select
    t.merchant,
    null as description,
    t.currency,
    t.flow,
    mode() within group (order by t.category) as category,
    array_agg(t.posted_at order by t.posted_at, t.id) as days,
    array_agg(t.amount order by t.posted_at, t.id) as amounts
from seldom
join transactions t using (merchant)
where t.user_id = (select auth.uid())
    and t.posted_at between %(start_date)s::date and %(end_date)s::date
    and t.flow <> 'transfer'
    and (t.flow = 'income') = (t.amount > 0)
group by t.merchant, t.currency, t.flow
having count(*) >= %(min_count)s::bigint
order by 1, 3, 4;

-- name: recently_paid_payees
-- Payees with a number of purchases between two limits, of similar amounts, the last on or after a day: days and amounts in no order, and the ids of the purchases from that day on.
select
    min(merchant) as merchant,
    null as description,
    currency,
    min(category) as category,
    array_agg(posted_at) as days,
    array_agg(amount) as amounts,
    array_agg(posted_at) filter (where posted_at >= %(start_date)s::date) as late_days,
    array_agg(amount) filter (where posted_at >= %(start_date)s::date) as late_amounts,
    array_agg(id) filter (where posted_at >= %(start_date)s::date) as late_ids
from transactions
where user_id = (select auth.uid())
    and posted_at between %(look_back)s::date and %(end_date)s::date
    and flow = 'expense'
    and amount < 0
    and merchant is not null
group by lower(merchant), currency
having count(*) between %(min_count)s::bigint and %(max_count)s::bigint
    and max(posted_at) >= %(start_date)s::date
    and min(amount) >= max(amount) * %(max_ratio)s::numeric;
