-- name: goals_with_progress
-- The user's goals of one status and type, or all: the most important first, then the nearest.
select id, name, description, goal_type, target_amount, current_amount, currency, target_date, status, priority
from goals
where user_id = (select auth.uid())
    and (%(status)s::text is null or status = %(status)s::text)
    and (%(goal_type)s::text is null or goal_type = %(goal_type)s::text)
order by status, priority, target_date nulls last, name, id;

-- name: insert_goal
-- Insert a goal unless an active one has the name; returns the new row, if any.
insert into goals
    (user_id, name, description, goal_type, target_amount, current_amount, currency, target_date, priority, status)
select
    (select auth.uid()), %(name)s::text, %(description)s::text, %(goal_type)s::text, %(target_amount)s::numeric,
    %(current_amount)s::numeric, %(currency)s::text, %(target_date)s::date, %(priority)s::smallint,
    case when %(current_amount)s::numeric >= %(target_amount)s::numeric then 'completed' else 'active' end
where not exists (
    select from goals
    where user_id = (select auth.uid()) and status = 'active' and lower(name) = lower(%(name)s::text)
)
returning id, name, description, goal_type, target_amount, current_amount, currency, target_date, status, priority;

-- name: update_goal_progress
-- Set the amount reached of a goal, or add to it. The goal is completed when it reaches its target, unless a status is given.
with goal as (
    select id, coalesce(%(current_amount)s::numeric, current_amount + %(add_amount)s::numeric, current_amount) as reached
    from goals
    where user_id = (select auth.uid()) and id = %(id)s::uuid
    for update
)
update goals
set current_amount = goal.reached,
    status = coalesce(
        %(status)s::text,
        case
            when goal.reached >= target_amount then 'completed'
            when status = 'completed' then 'active'
            else status
        end
    )
from goal
where goals.id = goal.id and goals.user_id = (select auth.uid()) and goal.reached >= 0
returning
    goals.id, name, description, goal_type, target_amount, current_amount, currency, target_date, status, priority;

-- name: spending_by_month_and_category
-- Income and spending less refunds of each whole month, category and currency in a period, without transfers.
select
    date_trunc('month', posted_at)::date as month,
    currency,
    category,
    flow,
    sum(amount) as net
from transactions
where user_id = (select auth.uid())
    and posted_at between %(start_date)s::date and %(end_date)s::date
    and flow <> 'transfer'
group by 1, 2, 3, 4
order by 1, 2, 3, 4;
