-- name: top_merchants
-- The merchants of a period on which most was spent, refunds taken off, some of each currency.
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
where place <= %(most)s
order by currency, place;
