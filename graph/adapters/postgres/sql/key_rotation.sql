-- name: hash_key
-- The encrypted key of the keyed hashes.
select ciphertext from vault_hash_key;

-- name: insert_hash_key
-- Store the key of the keyed hashes, unless there is one.
insert into vault_hash_key (ciphertext) values (%(ciphertext)s) on conflict do nothing;

-- name: reencrypt_hash_key
-- Replace the ciphertext of the hash key, unless it has changed in the meantime.
update vault_hash_key set ciphertext = %(ciphertext)s where ciphertext = %(before)s;

-- name: users_to_reencrypt
-- Users with values that another key than this one encrypted.
select users_to_reencrypt as user_id from users_to_reencrypt(%(current)s, %(max_rows)s);

-- name: any_value
-- One encrypted value of the caller.
select token, ciphertext from pii_vault where user_id = auth.uid() limit 1;

-- name: outdated_vault
-- A batch of the caller's vault values that another key than this one encrypted.
select token as id, ciphertext
from pii_vault
where user_id = auth.uid() and key_prefix <> %(current)s and token > %(after)s
order by token
limit %(max_rows)s;

-- name: reencrypt_vault
-- Store new ciphertexts of the same values, unless they have changed in the meantime.
update pii_vault
set ciphertext = decode(e ->> 'ciphertext', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where token = e ->> 'id' and pii_vault.ciphertext = decode(e ->> 'before', 'hex') and user_id = auth.uid();

-- name: outdated_inputs
-- A batch of the inputs of the caller's runs that another key than this one encrypted.
select id::text as id, encrypted_input as ciphertext
from chat_runs
where user_id = auth.uid() and key_prefix <> %(current)s and id::text > %(after)s
order by id::text
limit %(max_rows)s;

-- name: reencrypt_inputs
-- Store new ciphertexts of the same inputs, unless their runs have ended in the meantime.
update chat_runs
set encrypted_input = decode(e ->> 'ciphertext', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where id = (e ->> 'id')::uuid and encrypted_input = decode(e ->> 'before', 'hex') and user_id = auth.uid();

-- name: outdated_files
-- A batch of the caller's files that another key than this one encrypted.
select id::text as id, ciphertext
from chat_files
where user_id = auth.uid() and key_prefix <> %(current)s and id::text > %(after)s
order by id::text
limit %(max_rows)s;

-- name: reencrypt_files
-- Store new ciphertexts of the same contents.
update chat_files
set ciphertext = decode(e ->> 'ciphertext', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
where id = (e ->> 'id')::uuid and chat_files.ciphertext = decode(e ->> 'before', 'hex') and user_id = auth.uid();
