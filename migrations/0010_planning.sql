-- What a user plans with: debts, reminders, and the rates between currencies. What is owed is positive here, unlike an account's balance.

create table debts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    name text not null check (name = btrim(name) and name <> ''),
    kind text not null default 'other'
        check (kind in ('credit_card', 'student_loan', 'car_loan', 'mortgage', 'personal_loan', 'other')),
    balance numeric(14, 2) not null check (balance >= 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    annual_rate_percent numeric(7, 4) not null check (annual_rate_percent between 0 and 100),
    minimum_payment numeric(14, 2) not null check (minimum_payment >= 0),
    as_of date not null,
    account_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (account_id, user_id) references accounts (id, user_id) on delete set null (account_id)
);
comment on table debts is 'What a user owes, as the user said it; a debt that is paid has a balance of 0.';
comment on column debts.annual_rate_percent is 'Yearly interest in percent: 19.9900 is 19.99 %.';
comment on column debts.minimum_payment is 'What has to be paid each month.';
comment on column debts.as_of is 'The day on which the balance was that.';
comment on column debts.account_id is 'The account whose balance is the same debt, so that it is not counted twice.';
create unique index debts_name on debts (user_id, lower(name));
create index debts_account on debts (account_id, user_id);
create trigger touch before update on debts for each row execute function touch_updated_at();

create table reminders (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    text text not null check (text = btrim(text) and text <> ''),
    due_on date not null,
    due_time time,
    recurrence text not null default 'none' check (recurrence in ('none', 'weekly', 'monthly', 'yearly')),
    status text not null default 'active' check (status in ('active', 'done', 'cancelled')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table reminders is 'What a user wants to be told of.';
comment on column reminders.due_on is 'The first day; later ones follow from it and the recurrence: the 31st is the last day of a shorter month.';
comment on column reminders.due_time is 'In the user''s time zone; null for the whole day.';
create index reminders_user on reminders (user_id, status, due_on);
create trigger touch before update on reminders for each row execute function touch_updated_at();

do $$
declare
    owned text;
begin
    foreach owned in array array['debts', 'reminders'] loop
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

-- Rates belong to nobody: all may read them, their owner keeps them, and the server adds none but the demo's ---------------------------

create table exchange_rates (
    base char(3) not null check (base ~ '^[A-Z]{3}$'),
    quote char(3) not null check (quote ~ '^[A-Z]{3}$'),
    day date not null,
    rate numeric(18, 8) not null check (rate > 0),
    source text not null check (source <> ''),
    created_at timestamptz not null default now(),
    primary key (base, quote, day),
    constraint exchange_rates_pair check (base <> quote)
);
comment on table exchange_rates is 'What one unit of a currency was worth in another on a day.';
comment on column exchange_rates.rate is 'Units of quote for one of base.';
comment on column exchange_rates.source is 'Who published it; demo: made up by the demo seed.';
create index exchange_rates_quote on exchange_rates (quote, base, day desc);

create policy shared on exchange_rates for select to chat_server using (true);
create policy demo on exchange_rates for insert to chat_server with check (source = 'demo');
create policy upkeep on exchange_rates for all using (current_user <> 'chat_server') with check (current_user <> 'chat_server');
alter table exchange_rates enable row level security;
alter table exchange_rates force row level security;
revoke all on exchange_rates from public, anon, authenticated, service_role;
grant select, insert on exchange_rates to chat_server;
