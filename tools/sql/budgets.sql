-- name: budgets_with_spending
-- The user's monthly budgets of some categories, or all, with the spending less refunds of a period.
select
    b.category,
    b.currency,
    b.monthly_amount,
    coalesce(
        (
            select -sum(t.amount)
            from transactions t
            where t.user_id = b.user_id
                and t.category = b.category
                and t.currency = b.currency
                and t.flow = 'expense'
                and t.posted_at between %(start_date)s::date and %(end_date)s::date
        ),
        0
    ) as spent
from budgets b
where b.user_id = (select auth.uid())
    and (%(categories)s::text[] is null or b.category = any (%(categories)s::text[]))
order by b.currency, b.category;

-- name: upsert_budget
-- Set the monthly budget of a category in a currency.
insert into budgets (user_id, category, monthly_amount, currency)
values ((select auth.uid()), %(category)s::text, %(monthly_amount)s::numeric, %(currency)s::text)
on conflict (user_id, category, currency) do update set monthly_amount = excluded.monthly_amount
returning category, currency, monthly_amount;

-- name: delete_budget
-- Delete the budget of a category in a currency.
delete from budgets
where user_id = (select auth.uid()) and category = %(category)s::text and currency = %(currency)s::text
returning category, currency, monthly_amount;
