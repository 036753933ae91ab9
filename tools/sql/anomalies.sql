-- name: count_purchases
-- The number of purchases in a period.
select count(*) as purchases
from transactions
where user_id = (select auth.uid())
    and posted_at between %(start_date)s::date and %(end_date)s::date
    and flow = 'expense'
    and amount < 0;

-- name: unusual_amounts
-- Purchases of a period with a high modified z-score in their category and currency, over the year up to its end; each row has the number of all of them.
with spent as materialized (
    -- In ten-thousandths, as amounts are stored: whole numbers are sorted several times faster.
    select id, posted_at, (-amount * 10000)::bigint as units, currency, category, merchant, description
    from transactions
    where user_id = (select auth.uid())
        and posted_at between %(year_start)s::date and %(end_date)s::date
        and flow = 'expense'
        and amount < 0
),
centres as (
    select
        category, currency, count(*) as purchases, array_agg(units) as all_units,
        percentile_disc(0.5) within group (order by units) as median
    from spent
    group by category, currency
    having count(*) >= %(min_count)s::bigint
),
spreads as materialized (
    select c.category, c.currency, c.purchases, c.median, d.deviation, d.mean_deviation
    from centres c
    cross join lateral (
        select
            percentile_disc(0.5) within group (order by abs(each.units - c.median)) as deviation,
            avg(abs(each.units - c.median)) as mean_deviation
        from unnest(c.all_units) each (units)
    ) d
),
scored as (
    select
        s.*,
        p.purchases,
        p.median,
        p.deviation,
        case
            when p.deviation > 0 then 0.6745 * (s.units - p.median) / p.deviation
            when p.mean_deviation > 0 then (s.units - p.median) / (1.253314 * p.mean_deviation)
        end as score
    from spent s
    join spreads p using (category, currency)
    where s.posted_at >= %(start_date)s::date
)
select
    id, posted_at, units * 0.0001 as paid, currency, category, merchant, description,
    purchases, median * 0.0001 as median, deviation * 0.0001 as deviation, score, count(*) over () as found
from scored
where score >= %(threshold)s::numeric
order by score desc, posted_at desc, id
limit %(limit)s::bigint;

-- name: likely_duplicates
-- Purchases of a period that repeat one of the same payee, amount, currency and account within some days, if the year before has few such repeats; each row has the number of all of them.
with pairs as materialized (
    select *
    from (
        select
            id, posted_at, amount, currency, category, merchant, description, account_id, booking, payee,
            lag(id) over alike as earlier_id,
            lag(booking) over alike as earlier_booking,
            lag(posted_at) over alike as earlier_date
        from (
            select *, coalesce(split_of, id) as booking, coalesce(merchant, description) as payee
            from transactions
            where user_id = (select auth.uid())
                and posted_at between %(start_date)s::date - %(days)s::int and %(end_date)s::date
                and flow = 'expense'
                and amount < 0
        ) spent
        where payee <> ''
        window alike as (partition by payee, currency, amount, account_id order by posted_at, id)
    ) lagged
    where posted_at >= %(start_date)s::date and posted_at - earlier_date <= %(days)s::int and booking <> earlier_booking
),
before as (
    select
        coalesce(t.merchant, t.description) as payee, t.currency, t.amount,
        t.posted_at - lag(t.posted_at) over (
            partition by coalesce(t.merchant, t.description), t.currency, t.amount order by t.posted_at, t.id
        ) as gap
    from transactions t
    join (select distinct payee, currency, amount from pairs) p
        on p.payee = coalesce(t.merchant, t.description) and p.currency = t.currency and p.amount = t.amount
    where t.user_id = (select auth.uid())
        and t.posted_at between %(year_start)s::date and %(start_date)s::date - 1
        and t.flow = 'expense'
),
usual as materialized (
    select payee, currency, amount, count(*) as times
    from before
    where gap <= %(days)s::int
    group by payee, currency, amount
)
select pairs.*, -pairs.amount as paid, coalesce(usual.times, 0) as times, count(*) over () as found
from pairs
left join usual using (payee, currency, amount)
where coalesce(usual.times, 0) <= %(max_usual_repeats)s::bigint
order by paid desc, posted_at desc, id
limit %(limit)s::bigint;

-- name: new_merchants
-- First purchases at new merchants in a period that are larger than most purchases of the year before; each row has the number of all of them.
with large as materialized (
    select currency, count(*) as purchases, percentile_disc(%(quantile)s::float) within group (order by -amount) as bar
    from transactions
    where user_id = (select auth.uid())
        and posted_at >= %(start_date)s::date - 365
        and posted_at < %(start_date)s::date
        and flow = 'expense'
        and amount < 0
    group by currency
    having count(*) >= %(min_count)s::bigint
),
firsts as materialized (
    select lower(merchant) as key
    from (select merchant, min(posted_at) as first_date from transactions where user_id = (select auth.uid()) group by merchant) spellings
    group by lower(merchant)
    having min(first_date) >= %(start_date)s::date
),
fresh as (
    select distinct on (lower(t.merchant), t.currency)
        t.id, t.posted_at, -t.amount as paid, t.currency, t.category, t.merchant, t.description, large.bar, large.purchases
    from transactions t
    join large using (currency)
    where t.user_id = (select auth.uid())
        and t.posted_at between %(start_date)s::date and %(end_date)s::date
        and t.flow = 'expense'
        and -t.amount >= large.bar
        and lower(t.merchant) in (select key from firsts)
    order by lower(t.merchant), t.currency, t.amount, t.id
)
select *, count(*) over () as found
from fresh
order by paid desc, posted_at desc, id
limit %(limit)s::bigint;
