-- name: transactions_to_export
-- The newest transactions of a period, up to a limit, with all columns of a spreadsheet.
select t.posted_at, t.amount, t.currency, t.merchant, t.description, t.category, t.flow, a.name as account
from transactions t
left join accounts a on a.id = t.account_id and a.user_id = t.user_id
where t.user_id = (select auth.uid())
    and t.posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
    and (%(categories)s::text[] is null or t.category = any (%(categories)s::text[]))
order by t.posted_at desc, t.id
limit %(limit)s;

-- name: totals_to_export
-- Count and sums of each currency in a period, with transfers apart.
select
    currency,
    count(*) as matches,
    coalesce(sum(amount) filter (where flow = 'income'), 0) as income,
    coalesce(-sum(amount) filter (where flow = 'expense' and amount < 0), 0) as spent_gross,
    coalesce(sum(amount) filter (where flow = 'expense' and amount > 0), 0) as refunds,
    coalesce(sum(amount) filter (where flow = 'transfer'), 0) as transfers
from transactions
where user_id = (select auth.uid())
    and posted_at between coalesce(%(start_date)s::date, '-infinity') and coalesce(%(end_date)s::date, 'infinity')
    and (%(categories)s::text[] is null or category = any (%(categories)s::text[]))
group by currency
order by currency;
