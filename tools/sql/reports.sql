-- name: top_merchants
-- The merchants with the highest spending less refunds in a period, up to a limit for each currency.
select merchant, currency, matches, spent
from (
    select
        merchant,
        currency,
        count(*) as matches,
        -sum(amount) as spent,
        row_number() over (partition by currency order by sum(amount), merchant) as place
    from transactions
    where user_id = (select auth.uid())
        and posted_at between %(start_date)s::date and %(end_date)s::date
        and flow = 'expense'
        and merchant is not null
    group by merchant, currency
    having sum(amount) < 0
) ranked
where place <= %(limit)s
order by currency, place;
