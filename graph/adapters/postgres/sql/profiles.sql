-- name: read_profile
-- What the user has said; no row if nothing.
select name, locale, time_zone, currency from profiles where user_id = auth.uid();

-- name: update_profile
-- Set the fields that `changes` has; null forgets a value.
insert into profiles as p (name, locale, time_zone, currency)
select c ->> 'name', c ->> 'locale', c ->> 'time_zone', c ->> 'currency' from (select %(changes)s::jsonb as c) given
on conflict (user_id) do update set
    name = case when %(changes)s::jsonb ? 'name' then excluded.name else p.name end,
    locale = case when %(changes)s::jsonb ? 'locale' then excluded.locale else p.locale end,
    time_zone = case when %(changes)s::jsonb ? 'time_zone' then excluded.time_zone else p.time_zone end,
    currency = case when %(changes)s::jsonb ? 'currency' then excluded.currency else p.currency end
returning name, locale, time_zone, currency;
