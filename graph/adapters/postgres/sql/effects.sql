-- name: find_effect
-- What came of an effect that was made before; no result if it was only begun.
select result from tool_effects where run_id = %(run_id)s and ordinal = %(ordinal)s;

-- name: record_effect
-- Write an effect into the ledger: in the transaction that makes it, or without a result before it is made elsewhere.
insert into tool_effects (run_id, ordinal, tool, arguments_hash, result)
values (%(run_id)s, %(ordinal)s, %(tool)s, %(arguments_hash)s, %(result)s::jsonb);

-- name: complete_effect
-- What came of an effect that was made elsewhere.
update tool_effects set result = %(result)s::jsonb where run_id = %(run_id)s and ordinal = %(ordinal)s;
