-- name: debts
-- The user's debts, the highest rate first, with the account that includes the debt, if any.
select
    d.id, d.name, d.kind, d.balance, d.currency, d.annual_rate_percent, d.minimum_payment, d.as_of, d.account_id,
    a.name as account
from debts d
left join accounts a on a.id = d.account_id and a.user_id = d.user_id
where d.user_id = (select auth.uid())
order by d.annual_rate_percent desc, lower(d.name), d.id;

-- name: insert_debt
-- Insert a debt unless the name is taken; returns the new row, if any.
insert into debts (user_id, name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of, account_id)
values (
    (select auth.uid()), %(name)s::text, %(kind)s::text, %(balance)s::numeric, %(currency)s::text,
    %(annual_rate_percent)s::numeric, %(minimum_payment)s::numeric, %(as_of)s::date, %(account_id)s::uuid
)
on conflict (user_id, lower(name)) do nothing
returning
    id, name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of, account_id,
    (select a.name from accounts a where a.id = account_id and a.user_id = debts.user_id) as account;

-- name: update_debt
-- Update the given columns of a debt; returns the new row.
update debts
set balance = coalesce(%(balance)s::numeric, balance),
    annual_rate_percent = coalesce(%(annual_rate_percent)s::numeric, annual_rate_percent),
    minimum_payment = coalesce(%(minimum_payment)s::numeric, minimum_payment),
    as_of = coalesce(%(as_of)s::date, as_of)
where user_id = (select auth.uid()) and id = %(id)s::uuid
returning
    id, name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of, account_id,
    (select a.name from accounts a where a.id = account_id and a.user_id = debts.user_id) as account;
