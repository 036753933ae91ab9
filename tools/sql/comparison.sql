-- name: flow_of_two_periods
-- Count and sums of each category, flow (expense or income) and currency in two periods, which may overlap, without transfers.
select
    p.period,
    t.category,
    t.flow,
    t.currency,
    count(*) as matches,
    coalesce(sum(t.amount) filter (where t.flow = 'income'), 0) as income,
    coalesce(-sum(t.amount) filter (where t.flow = 'expense' and t.amount < 0), 0) as spent_gross,
    coalesce(sum(t.amount) filter (where t.flow = 'expense' and t.amount > 0), 0) as refunds
from (
    values
        ('before', %(before_start)s::date, %(before_end)s::date),
        ('after', %(after_start)s::date, %(after_end)s::date)
) p (period, first_day, last_day)
join transactions t on t.posted_at between p.first_day and p.last_day
where t.user_id = (select auth.uid())
    and t.flow <> 'transfer'
    and (%(categories)s::text[] is null or t.category = any (%(categories)s::text[]))
group by p.period, t.category, t.flow, t.currency
order by t.currency, t.flow, t.category;
