-- name: categories
-- The system's categories and the user's own.
select name, is_active
from categories
where user_id is null or user_id = (select auth.uid())
order by user_id nulls first, name;
