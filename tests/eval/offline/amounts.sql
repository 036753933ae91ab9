-- The amounts that answers must state. Each query gives the value, or several where careful people count differently.

-- name: spent
-- What was paid less what was paid back.
select -sum(amount) from transactions
where user_id = %(user_id)s and flow = 'expense' and currency = %(currency)s and posted_at between %(start)s and %(end)s
    and (%(category)s::text is null or category = %(category)s)
    and (%(merchant)s::text is null or merchant = %(merchant)s)
    and (%(account)s::text is null or account_id in (select id from accounts where user_id = %(user_id)s and name = %(account)s));

-- name: income
select sum(amount) from transactions
where user_id = %(user_id)s and flow = 'income' and currency = %(currency)s and posted_at between %(start)s and %(end)s;

-- name: largest
select max(-amount) from transactions
where user_id = %(user_id)s and flow = 'expense' and currency = %(currency)s and posted_at between %(start)s and %(end)s
    and (%(category)s::text is null or category = %(category)s)
    and (%(merchant)s::text is null or merchant = %(merchant)s);

-- name: smallest
select min(-amount) from transactions
where user_id = %(user_id)s and flow = 'expense' and amount < 0 and currency = %(currency)s
    and posted_at between %(start)s and %(end)s;

-- name: average
-- Of one purchase.
select round(avg(-amount), 2) from transactions
where user_id = %(user_id)s and flow = 'expense' and amount < 0 and currency = %(currency)s
    and posted_at between %(start)s and %(end)s
    and (%(category)s::text is null or category = %(category)s)
    and (%(merchant)s::text is null or merchant = %(merchant)s);

-- name: count
-- Purchases in the main currency, and in all.
select unnest(array[count(*) filter (where currency = %(currency)s), count(*)]) from transactions
where user_id = %(user_id)s and flow = 'expense' and amount < 0 and posted_at between %(start)s and %(end)s
    and (%(category)s::text is null or category = %(category)s)
    and (%(merchant)s::text is null or merchant = %(merchant)s);

-- name: top_category
select -sum(amount) from transactions
where user_id = %(user_id)s and flow = 'expense' and currency = %(currency)s and posted_at between %(start)s and %(end)s
group by category order by 1 desc limit 1;

-- name: top_merchant
select -sum(amount) from transactions
where user_id = %(user_id)s and flow = 'expense' and currency = %(currency)s and merchant is not null
    and posted_at between %(start)s and %(end)s
group by merchant order by 1 desc limit 1;

-- name: last_paid
select -amount from transactions
where user_id = %(user_id)s and flow = 'expense' and amount < 0 and merchant = %(merchant)s
order by posted_at desc limit 1;

-- name: last_received
select amount from transactions
where user_id = %(user_id)s and flow = 'income' and merchant = %(merchant)s
order by posted_at desc limit 1;

-- name: balance
select balance from accounts where user_id = %(user_id)s and name = %(account)s;

-- name: owed_on
select abs(balance) from accounts where user_id = %(user_id)s and name = %(account)s;

-- name: budget_amount
select monthly_amount from budgets where user_id = %(user_id)s and category = %(category)s;

-- name: budget_left
-- What is left, or what was spent over it.
select abs(monthly_amount + (
    select coalesce(sum(amount), 0) from transactions
    where user_id = %(user_id)s and flow = 'expense' and category = budgets.category and currency = budgets.currency
        and posted_at between %(start)s and %(end)s
)) from budgets where user_id = %(user_id)s and category = %(category)s;

-- name: goal_saved
select current_amount from goals where user_id = %(user_id)s and name = %(name)s;

-- name: goal_missing
select target_amount - current_amount from goals where user_id = %(user_id)s and name = %(name)s;

-- name: debt
select balance from debts where user_id = %(user_id)s and name = %(name)s;

-- name: debt_minimum
select minimum_payment from debts where user_id = %(user_id)s and name = %(name)s;

-- name: converted
-- US dollars in another currency, at the newest rate of the day that is asked on.
select round(%(amount)s::numeric * rate, 2) from exchange_rates
where base = 'USD' and quote = %(currency)s and day <= %(today)s
order by day desc limit 1;

-- name: monthly_payment
-- Of a loan with equal payments.
select round(
    %(amount)s::numeric * (%(rate)s::numeric / 1200) / (1 - (1 + %(rate)s::numeric / 1200) ^ (-%(months)s::numeric)), 2
);
