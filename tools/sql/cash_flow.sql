-- name: flows_by_month
-- Income and net spending of each month and currency in a period, the month's first day with a booking, and whether the currency has earlier bookings.
select
    month,
    currency,
    income,
    spent,
    first_day,
    exists (
        select from transactions earlier
        where earlier.user_id = (select auth.uid())
            and earlier.currency = months.currency
            and earlier.posted_at < %(start_date)s::date
            and earlier.flow <> 'transfer'
    ) as has_earlier
from (
    select
        date_trunc('month', posted_at)::date as month,
        currency,
        coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
        coalesce(-sum(amount) filter (where flow = 'expense'), 0) as spent,
        min(posted_at) as first_day
    from transactions
    where user_id = (select auth.uid())
        and posted_at between %(start_date)s::date and %(end_date)s::date
        and flow <> 'transfer'
    group by 1, 2
) months
order by month, currency;
