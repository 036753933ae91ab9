-- name: insert_values
-- Store values under new tokens, unless the user has the values already. A token that is in use raises a unique violation.
insert into pii_vault (token, entity_type, lookup, ciphertext)
select e ->> 'token', e ->> 'entity_type', decode(e ->> 'lookup', 'hex'), decode(e ->> 'ciphertext', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
on conflict (user_id, lookup) do nothing;

-- name: tokens_of_values
-- The tokens of values, by their keyed hashes.
select lookup, token from pii_vault where user_id = auth.uid() and lookup = any(%(lookups)s);

-- name: values_of_tokens
-- The encrypted values of the caller's tokens; unknown tokens have no row.
select token, ciphertext from pii_vault where user_id = auth.uid() and token = any(%(tokens)s);

-- name: values_since
-- The user's newest values. A transaction may commit some seconds after its `created_at`, so the last five seconds are read again.
select token, entity_type, ciphertext, created_at
from pii_vault
where user_id = auth.uid()
  and (%(since)s::timestamptz is null or created_at > %(since)s::timestamptz - interval '5 seconds')
order by created_at desc
limit %(limit)s;
