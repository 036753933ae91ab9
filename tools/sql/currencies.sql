-- name: most_used_currency
-- The currency of most of the user's accounts, plans, debts and newest transactions; no row for a user who has none.
select currency
from (
    (
        select currency from transactions where user_id = (select auth.uid()) order by posted_at desc, id limit 500
    )
    union all
    select currency from accounts where user_id = (select auth.uid())
    union all
    select currency from goals where user_id = (select auth.uid())
    union all
    select currency from budgets where user_id = (select auth.uid())
    union all
    select currency from debts where user_id = (select auth.uid())
) as used
group by currency
order by count(*) desc, currency
limit 1;
