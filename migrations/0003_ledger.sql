-- The user's own ledger: the rows that tools compute on. They hold raw values (SECURITY.md names this zone), account numbers only
-- as last four digits and keyed hash. Money is numeric(14, 2) in the currency of its row; expenses are negative, income is positive.

-- Profiles ---------------------------------------------------------------------------------------------------------------------------

create table profiles (
    user_id uuid primary key default auth.uid(),
    display_name text,
    currency char(3) not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
    time_zone text not null default 'UTC',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table profiles is 'How a user wants to be addressed, and the currency and time zone that a question without them means.';
create trigger touch before update on profiles for each row execute function touch_updated_at();

-- Accounts ---------------------------------------------------------------------------------------------------------------------------

create table accounts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    name text not null,
    type text not null check (type in ('checking', 'savings', 'credit', 'investment')),
    balance numeric(14, 2),
    balance_as_of date,
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    number_last4 text check (number_last4 ~ '^[0-9]{4}$'),
    number_hash bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, user_id),
    unique (user_id, number_hash),
    constraint accounts_balance_dated check ((balance is null) = (balance_as_of is null))
);
comment on table accounts is 'A user''s accounts, with the last balance that somebody reported.';
comment on column accounts.balance is 'Null means unknown. What is owed is negative: a credit card with 120.00 to pay has -120.00.';
comment on column accounts.number_hash is 'Keyed hash of the whole account number, to recognise it in a statement.';
create index accounts_user on accounts (user_id, type, name);
create trigger touch before update on accounts for each row execute function touch_updated_at();

-- Categories -------------------------------------------------------------------------------------------------------------------------

create table categories (
    id uuid primary key default gen_random_uuid(),
    user_id uuid default auth.uid(),
    name text not null check (name = btrim(name) and name <> ''),
    slug text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    icon text,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique nulls not distinct (user_id, slug)
);
comment on table categories is 'The system''s categories (user_id is null), which all may read, and each user''s own.';
comment on column categories.is_active is 'An inactive category is no longer offered; what it holds stays.';
create unique index categories_name on categories (user_id, lower(name)) nulls not distinct;

-- Before the triggers and policies, which guard the system's rows from everybody.
insert into categories (user_id, name, slug, icon) values
    (null, 'Meals & Dining', 'meals-dining', '🍽️'),
    (null, 'Groceries', 'groceries', '🛒'),
    (null, 'Travel & Transportation', 'travel-transportation', '✈️'),
    (null, 'Utilities', 'utilities', '💡'),
    (null, 'Entertainment', 'entertainment', '🎬'),
    (null, 'Shopping', 'shopping', '🛍️'),
    (null, 'Healthcare', 'healthcare', '🩺'),
    (null, 'Education', 'education', '🎓'),
    (null, 'Bills & Services', 'bills-services', '🧾'),
    (null, 'Home & Garden', 'home-garden', '🏡'),
    (null, 'Personal Care', 'personal-care', '💈'),
    (null, 'Gifts & Donations', 'gifts-donations', '🎁'),
    (null, 'Income', 'income', '💵'),
    (null, 'Fees & Charges', 'fees-charges', '🏦'),
    (null, 'Investments', 'investments', '📈'),
    (null, 'Insurance', 'insurance', '🛡️'),
    (null, 'Business Expenses', 'business-expenses', '💼'),
    (null, 'Uncategorized', 'uncategorized', '❔');

-- Transactions -----------------------------------------------------------------------------------------------------------------------

create table transactions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    account_id uuid,
    posted_at date not null,
    amount numeric(14, 2) not null check (amount <> 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    merchant text,
    description text not null default '',
    category text not null default 'Uncategorized',
    is_transfer boolean not null default false,
    flow text not null generated always as (
        case
            when is_transfer then 'transfer'
            when category = 'Income' then 'income'
            when category in ('Investments', 'Uncategorized') and amount > 0 then 'income'
            else 'expense'
        end
    ) stored,
    source text not null default 'manual',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, user_id),
    foreign key (account_id, user_id) references accounts (id, user_id) on delete set null (account_id)
);
comment on table transactions is 'What was booked: expenses negative, income positive, each in its own currency.';
comment on column transactions.merchant is 'A business. A person who paid or was paid stands in the description only, which is masked.';
comment on column transactions.description is 'The line of the statement or the user''s words; it may name people.';
comment on column transactions.category is 'The name of a system category or of one of the user''s own.';
comment on column transactions.is_transfer is 'Moves money between the user''s own accounts: neither income nor spending.';
comment on column transactions.flow is 'What the row counts as: income, expense (a positive one is a refund), or transfer.';
comment on column transactions.source is 'How the row came here: manual, import, receipt, demo ...';
create index transactions_recent on transactions (user_id, posted_at desc, id);
create index transactions_category on transactions (user_id, category, posted_at);
create index transactions_merchant on transactions (user_id, lower(merchant));
create index transactions_account on transactions (account_id, user_id);
create trigger touch before update on transactions for each row execute function touch_updated_at();

-- Budgets and goals ------------------------------------------------------------------------------------------------------------------

create table budgets (
    user_id uuid not null default auth.uid(),
    category text not null,
    monthly_amount numeric(14, 2) not null check (monthly_amount > 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, category, currency)
);
comment on table budgets is 'What a user wants to spend at most on a category in a calendar month.';
create trigger touch before update on budgets for each row execute function touch_updated_at();

create table goals (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    name text not null check (name <> ''),
    description text not null default '',
    goal_type text not null default 'savings' check (goal_type in ('savings', 'debt_payoff', 'investment', 'purchase', 'other')),
    target_amount numeric(14, 2) not null check (target_amount > 0),
    current_amount numeric(14, 2) not null default 0 check (current_amount >= 0),
    currency char(3) not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
    target_date date,
    status text not null default 'active' check (status in ('active', 'completed', 'archived')),
    priority smallint not null default 3 check (priority between 1 and 5),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table goals is 'What a user saves or pays towards.';
comment on column goals.priority is '1 is the most important, 5 the least.';
create index goals_user on goals (user_id, status, priority);
create trigger touch before update on goals for each row execute function touch_updated_at();

-- Categories by name: a row may only use one that its user can see, and follows it when it is renamed or deleted ----------------------

create function check_category() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if not exists (
        select from public.categories
        where name = new.category and (user_id is null or user_id = new.user_id)
    ) then
        raise check_violation using message = 'the category is neither the system''s nor the user''s own';
    end if;
    return new;
end
$$;
create trigger check_category before insert or update of category, user_id on transactions
for each row execute function check_category();
create trigger check_category before insert or update of category, user_id on budgets
for each row execute function check_category();

create function check_category_name() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if exists (
        select from public.categories
        where user_id is null and id <> new.id and (lower(name) = lower(new.name) or slug = new.slug)
    ) then
        raise unique_violation using message = 'the system has a category of this name';
    end if;
    return new;
end
$$;
create trigger check_name before insert or update of name, slug on categories
for each row execute function check_category_name();
create trigger touch before update on categories for each row execute function touch_updated_at();

create function follow_category() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'DELETE' then
        update public.transactions set category = 'Uncategorized' where user_id = old.user_id and category = old.name;
        delete from public.budgets where user_id = old.user_id and category = old.name;
    elsif new.name <> old.name then
        update public.transactions set category = new.name where user_id = old.user_id and category = old.name;
        update public.budgets set category = new.name where user_id = old.user_id and category = old.name;
    end if;
    return null;
end
$$;
create trigger follow after delete or update of name on categories
for each row when (old.user_id is not null) execute function follow_category();

-- Row level security: the caller's rows, for the server's role only -------------------------------------------------------------------

do $$
declare
    owned text;
begin
    foreach owned in array array['profiles', 'accounts', 'categories', 'transactions', 'budgets', 'goals'] loop
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

create policy system on categories for select to chat_server using (user_id is null);
