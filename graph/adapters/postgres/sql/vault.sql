-- name: issue
-- Keep values under new tokens, unless the user has them already; a token that is taken raises and is drawn again.
insert into pii_vault (token, kind, lookup, sealed)
select e ->> 'token', e ->> 'kind', decode(e ->> 'lookup', 'hex'), decode(e ->> 'sealed', 'hex')
from jsonb_array_elements(%(entries)s::jsonb) as e
on conflict (user_id, lookup) do nothing;

-- name: find
-- The tokens of values, by their keyed hashes.
select lookup, token from pii_vault where user_id = auth.uid() and lookup = any(%(lookups)s);

-- name: open
-- The sealed values of tokens that were issued to this user.
select token, sealed from pii_vault where user_id = auth.uid() and token = any(%(tokens)s);

-- name: issued_since
-- The newest values of the user. A transaction may become visible some seconds after its `created_at`, so these are read again.
select token, kind, sealed, created_at
from pii_vault
where user_id = auth.uid()
  and (%(since)s::timestamptz is null or created_at > %(since)s::timestamptz - interval '5 seconds')
order by created_at desc
limit %(limit)s;
