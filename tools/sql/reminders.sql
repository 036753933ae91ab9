-- name: reminders
-- The user's reminders of one status, or all, by their first day.
select id, text, due_on, due_time, recurrence, status
from reminders
where user_id = (select auth.uid()) and (%(status)s::text is null or status = %(status)s::text)
order by due_on, due_time nulls first, id;

-- name: insert_reminder
-- Insert a reminder unless an active one has the same text and day; returns the new row, if any.
insert into reminders (user_id, text, due_on, due_time, recurrence)
select
    (select auth.uid()), %(text)s::text, %(due_on)s::date, %(due_time)s::time, %(recurrence)s::text
where not exists (
    select from reminders
    where user_id = (select auth.uid())
        and status = 'active'
        and due_on = %(due_on)s::date
        and lower(text) = lower(%(text)s::text)
)
returning id, text, due_on, due_time, recurrence, status;

-- name: cancel_reminder
-- Cancel an active reminder.
update reminders
set status = 'cancelled'
where user_id = (select auth.uid()) and id = %(id)s::uuid and status = 'active'
returning id, text, due_on, due_time, recurrence, status;
