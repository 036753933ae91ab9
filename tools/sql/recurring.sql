-- name: payees_with_bookings
-- Payees with a number of bookings between two limits in a period, by flow (expense or income): days and amounts, the oldest first.
select
    min(merchant collate "C") as merchant,
    min(description collate "C") filter (where merchant is null) as description,
    currency,
    flow,
    (array_agg(category order by posted_at))[count(*)] as category,
    array_agg(posted_at order by posted_at) as days,
    array_agg(amount order by posted_at) as amounts
from transactions
where user_id = (select auth.uid())
    and posted_at between %(start_date)s::date and %(end_date)s::date
    and flow <> 'transfer'
    and (flow = 'income') = (amount > 0)
    and coalesce(merchant, description) <> ''
group by merchant is null, lower(coalesce(merchant, description)) collate "C", currency, flow
having count(*) between %(min_count)s::bigint and %(max_count)s::bigint
order by 1, 2, 3, 4;
