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
