-- How transactions come to their categories: a user's corrections, from which later suggestions learn, and rules. And bookings that
-- are split into parts, each with a category of its own.

-- Merchants ---------------------------------------------------------------------------------------------------------------------------

-- Under row level security no index is used through lower(), which might leak what it is given; equality of texts cannot.
drop index transactions_merchant;
create index transactions_merchant on transactions (user_id, merchant, posted_at);

-- Splits -----------------------------------------------------------------------------------------------------------------------------

alter table transactions add column split_of uuid;
alter table transactions add constraint transactions_split_of
    foreign key (split_of, user_id) references transactions (id, user_id) on delete cascade;
alter table transactions add constraint transactions_no_part_of_itself check (split_of <> id);
comment on column transactions.split_of is
    'The row that was split: it kept the first part, this row is another. The parts add up to what was booked, so sums need not know.';
create index transactions_split on transactions (user_id, split_of) where split_of is not null;

-- Corrections and rules --------------------------------------------------------------------------------------------------------------

create table category_corrections (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    transaction_id uuid,
    merchant text,
    category_before text not null,
    category text not null,
    created_at timestamptz not null default now(),
    foreign key (transaction_id, user_id) references transactions (id, user_id) on delete set null (transaction_id)
);
comment on table category_corrections is 'Each change of a transaction''s category by its user; suggestions learn from them.';
comment on column category_corrections.merchant is 'Where the transaction was, as then written; null for one without a merchant.';
comment on column category_corrections.category is 'The category that the user chose.';
create index category_corrections_merchant on category_corrections (user_id, lower(merchant), created_at desc);
create index category_corrections_transaction on category_corrections (transaction_id, created_at desc);

create table category_rules (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    match text not null check (match in ('contains', 'equals')),
    pattern text not null check (pattern = btrim(pattern) and pattern <> ''),
    category text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table category_rules is 'Which category a user wants for the transactions of a merchant. Equals goes before contains, then the longer pattern.';
comment on column category_rules.pattern is 'What the merchant''s name contains or is, letter by letter; upper and lower case are the same.';
create unique index category_rules_pattern on category_rules (user_id, match, lower(pattern));
create trigger touch before update on category_rules for each row execute function touch_updated_at();

create trigger check_category before insert or update of category, user_id on category_corrections
for each row execute function check_category();
create trigger check_category before insert or update of category, user_id on category_rules
for each row execute function check_category();

create function follow_category_in_rules() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'DELETE' then
        delete from public.category_rules where user_id = old.user_id and category = old.name;
        delete from public.category_corrections where user_id = old.user_id and category = old.name;
    elsif new.name <> old.name then
        update public.category_rules set category = new.name where user_id = old.user_id and category = old.name;
        update public.category_corrections set category = new.name where user_id = old.user_id and category = old.name;
        update public.category_corrections set category_before = new.name where user_id = old.user_id and category_before = old.name;
    end if;
    return null;
end
$$;
create trigger follow_rules after delete or update of name on categories
for each row when (old.user_id is not null) execute function follow_category_in_rules();

do $$
declare
    owned text;
begin
    foreach owned in array array['category_corrections', 'category_rules'] loop
        execute format(
            'create policy own on %I for all to chat_server using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))',
            owned
        );
        execute format('alter table %I enable row level security', owned);
        execute format('alter table %I force row level security', owned);
        execute format('revoke all on %I from public, anon, authenticated, service_role', owned);
        execute format('grant select, insert, update, delete on %I to chat_server', owned);
    end loop;
end
$$;
