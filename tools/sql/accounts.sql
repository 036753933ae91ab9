-- name: accounts
-- The user's accounts with their last reported balance, if any.
select id, name, type, currency, balance, balance_as_of, number_last4
from accounts
where user_id = (select auth.uid())
order by type, name, id;
