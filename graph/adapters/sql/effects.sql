-- name: find_effect
-- What came of an effect that was made before.
select result from tool_effects where run_id = %(run_id)s and ordinal = %(ordinal)s;

-- name: record_effect
-- Write an effect into the ledger, in the transaction that makes it.
insert into tool_effects (run_id, ordinal, tool, arguments_hash, result)
values (%(run_id)s, %(ordinal)s, %(tool)s, %(arguments_hash)s, %(result)s::jsonb);
