-- name: rates_on_or_before
-- The newest rate, on or before a day, of each pair with one of two currencies.
select distinct on (base, quote) base, quote, day, rate, source
from exchange_rates
where day <= %(day)s::date
    and (base in (%(from_currency)s::text, %(to_currency)s::text) or quote in (%(from_currency)s::text, %(to_currency)s::text))
order by base, quote, day desc;
