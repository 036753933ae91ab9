-- name: month_sums
-- Income and spending of each month and currency in a period, of all or some categories, without transfers.
select
    date_trunc('month', posted_at)::date as month,
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
group by 1, 2
order by 1, 2;

-- name: budgets_with_days
-- Monthly budgets with the spending less refunds of each day of a period; one row with a null day for a budget without spending.
select b.category, b.currency, b.monthly_amount, s.posted_at as day, s.spent
from budgets b
left join lateral (
    select t.posted_at, -sum(t.amount) as spent
    from transactions t
    where t.user_id = b.user_id
        and t.category = b.category
        and t.currency = b.currency
        and t.flow = 'expense'
        and t.posted_at between %(start_date)s::date and %(end_date)s::date
    group by t.posted_at
) s on true
where b.user_id = (select auth.uid())
    and (%(categories)s::text[] is null or b.category = any (%(categories)s::text[]))
order by b.currency, b.category, s.posted_at;
