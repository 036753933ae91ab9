-- name: flow_by_month
-- Count, income, spending and refunds of each month and currency in a period, without transfers.
select
    date_trunc('month', posted_at::timestamp)::date as month,
    currency,
    count(*) as matches,
    coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
    coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
    coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds
from transactions
where user_id = (select auth.uid())
    and posted_at between %(start_date)s::date and %(end_date)s::date
    and flow <> 'transfer'
    and (%(categories)s::text[] is null or category = any (%(categories)s::text[]))
    and (%(merchant)s::text is null or strpos(lower(merchant), lower(%(merchant)s::text)) > 0)
group by 1, 2
order by 2, 1;

-- name: flow_by_merchant
-- The merchants with the largest totals of one flow (expense or income) in a period; each row has the exact totals of its currency.
with spellings as (
    select
        merchant,
        currency,
        count(*) as matches,
        sum(amount) filter (where amount < 0) as out,
        sum(amount) filter (where amount > 0) as back,
        sum(amount) as net,
        min(posted_at) as first_date,
        max(posted_at) as last_date
    from transactions
    where user_id = (select auth.uid())
        and posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
        and flow = %(flow)s::text
        and (%(categories)s::text[] is null or category = any (%(categories)s::text[]))
    group by merchant, currency
),
-- Case does not matter: all spellings of a merchant are one.
merchants as materialized (
    select
        currency,
        lower(merchant) as key,
        (array_agg(merchant order by last_date desc, merchant))[1] as merchant,
        sum(matches)::bigint as matches,
        coalesce(-sum(out), 0) as paid_out,
        coalesce(sum(back), 0) as paid_in,
        case when %(flow)s::text = 'income' then sum(net) else -sum(net) end as total,
        min(first_date) as first_date,
        max(last_date) as last_date
    from spellings
    group by currency, lower(merchant)
),
totals as (
    select
        currency,
        count(key) as all_merchants,
        sum(matches)::bigint as all_matches,
        sum(total) as whole,
        coalesce(sum(total) filter (where key is not null and total > 0), 0) as positive,
        sum(paid_out) as all_paid_out,
        sum(paid_in) as all_paid_in
    from merchants
    group by currency
),
ranked as (
    select *, row_number() over (partition by currency, key is null order by total desc, key) as place from merchants
)
-- One statement, so that rows and totals agree. The row without a merchant sums the transactions without one.
select
    totals.*, ranked.merchant, ranked.matches, ranked.paid_out, ranked.paid_in, ranked.total, ranked.first_date, ranked.last_date
from totals
join ranked using (currency)
where ranked.place <= %(limit)s::bigint
order by currency, ranked.place, ranked.key nulls last;

-- name: flow_by_account
-- Count and sums of each account and currency in a period; the row without an account sums the transactions without one.
select
    a.name as account,
    a.type as account_type,
    a.number_last4,
    s.currency,
    s.matches,
    s.income,
    s.spent_gross,
    s.refunds,
    s.transfers_in,
    s.transfers_out
from (
    select
        account_id,
        currency,
        count(*) as matches,
        coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
        coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
        coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds,
        coalesce(sum(amount) filter (where flow = 'transfer' and amount > 0), 0) as transfers_in,
        coalesce(-sum(amount) filter (where flow = 'transfer' and amount < 0), 0) as transfers_out
    from transactions
    where user_id = (select auth.uid())
        and posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
        and (%(categories)s::text[] is null or category = any (%(categories)s::text[]))
    group by account_id, currency
) s
left join accounts a on a.id = s.account_id and a.user_id = (select auth.uid())
order by a.name nulls last, a.id, s.currency;
