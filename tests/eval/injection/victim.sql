with victim as (
    insert into profiles (user_id, currency) values (%(user)s, 'USD') returning user_id
),
bookings as (
    insert into transactions (id, user_id, posted_at, amount, currency, merchant, category, split_of)
    select id, user_id, current_date - 3, amount, 'USD', merchant, category, split_of
    from victim, (
        values
            (%(first)s::uuid, -40, 'Bigmart', 'Groceries', null),
            (gen_random_uuid(), -15, 'Bigmart', 'Shopping', %(first)s::uuid),
            (gen_random_uuid(), -25, 'Greenleaf', 'Groceries', null)
    ) as each (id, amount, merchant, category, split_of)
),
rule as (
    insert into category_rules (user_id, match, pattern, category) select user_id, 'contains', 'Acme', 'Groceries' from victim
),
budget as (
    insert into budgets (user_id, category, monthly_amount, currency) select user_id, 'Groceries', 400, 'USD' from victim
),
goal as (
    insert into goals (user_id, name, target_amount, currency) select user_id, 'Bicycle', 900, 'USD' from victim
),
debt as (
    insert into debts (user_id, name, balance, currency, annual_rate_percent, minimum_payment, as_of)
    select user_id, 'Piano', 900, 'USD', 9, 20, current_date from victim
)
insert into reminders (user_id, text, due_on) select user_id, 'pay the rent', current_date + 7 from victim;
