-- name: read_effect
-- The result of an effect in the effect ledger; null if the effect was only started.
select result from tool_effects where run_id = %(run_id)s and ordinal = %(ordinal)s;

-- name: record_effect
-- Add an effect to the effect ledger: in its own transaction, or without a result before an external effect starts.
insert into tool_effects (run_id, ordinal, tool, arguments_hash, result)
values (%(run_id)s, %(ordinal)s, %(tool)s, %(arguments_hash)s, %(result)s::jsonb);

-- name: complete_effect
-- Store the result of an external effect.
update tool_effects set result = %(result)s::jsonb where run_id = %(run_id)s and ordinal = %(ordinal)s;
