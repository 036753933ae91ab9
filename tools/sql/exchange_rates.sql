-- name: rates_before
-- The newest rate of each pair that holds one of two currencies, of a day or before it.
select distinct on (base, quote) base, quote, day, rate, source
from exchange_rates
where day <= %(day)s::date
    and (base in (%(one)s::text, %(other)s::text) or quote in (%(one)s::text, %(other)s::text))
order by base, quote, day desc;
