-- name: hash_key
-- The key of the keyed hashes, sealed.
select sealed from vault_hash_key;

-- name: keep_hash_key
-- Keep the key of the keyed hashes, unless there is one.
insert into vault_hash_key (sealed) values (%(sealed)s) on conflict do nothing;

-- name: reseal_hash_key
-- Keep the same key under another one.
update vault_hash_key set sealed = %(sealed)s where sealed = %(before)s;

-- name: owners_due
-- Whose values are under another key than this one.
select seals_due as owner from seals_due(%(current)s, %(most)s);

-- name: some_value
-- One sealed value of the caller.
select token, sealed from pii_vault where user_id = auth.uid() limit 1;

-- name: vault_due
-- The caller's values that are under another key than this one, some at a time.
select token as id, sealed
from pii_vault
where user_id = auth.uid() and sealed_under <> %(current)s and token > %(after)s
order by token
limit %(most)s;

-- name: reseal_vault
-- Put the same values back under another key, unless they have changed meanwhile.
update pii_vault
set sealed = decode(e ->> 'sealed', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where token = e ->> 'id' and pii_vault.sealed = decode(e ->> 'before', 'hex') and user_id = auth.uid();

-- name: inputs_due
-- The inputs of the caller's runs that are under another key than this one.
select id::text as id, sealed_input as sealed
from chat_runs
where user_id = auth.uid() and sealed_under <> %(current)s and id::text > %(after)s
order by id::text
limit %(most)s;

-- name: reseal_inputs
-- Put the same inputs back under another key, unless their runs have ended meanwhile.
update chat_runs
set sealed_input = decode(e ->> 'sealed', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where id = (e ->> 'id')::uuid and sealed_input = decode(e ->> 'before', 'hex') and user_id = auth.uid();

-- name: files_due
-- The caller's files that are under another key than this one.
select id::text as id, sealed
from chat_files
where user_id = auth.uid() and sealed_under <> %(current)s and id::text > %(after)s
order by id::text
limit %(most)s;

-- name: reseal_files
-- Put the same contents back under another key.
update chat_files
set sealed = decode(e ->> 'sealed', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where id = (e ->> 'id')::uuid and chat_files.sealed = decode(e ->> 'before', 'hex') and user_id = auth.uid();
