-- name: note_effect
-- Leaves a row that can be counted, and takes a moment over it.
with noted as (
    insert into goals (name, target_amount, currency) values (%(key)s, 1, 'USD') returning name
)
select name, pg_sleep(0.05) from noted;
