-- Amounts with as many decimals as their currency has: none in yen, three in Kuwaiti dinars, four in the Chilean unit of account.
-- The amounts that there are stay the same. `flow` is computed of the amount, so it is taken away and put back in one statement,
-- which writes the table once.

alter table accounts alter column balance type numeric(18, 4);

alter table transactions
    drop column flow,
    alter column amount type numeric(18, 4),
    add column flow text not null generated always as (
        case
            when is_transfer then 'transfer'
            when category = 'Income' then 'income'
            when category in ('Investments', 'Uncategorized') and amount > 0 then 'income'
            else 'expense'
        end
    ) stored;
comment on column transactions.flow is 'What the row counts as: income, expense (a positive one is a refund), or transfer.';
comment on column transactions.amount is 'With no more decimals than its currency has; what writes it sees to that.';

alter table budgets alter column monthly_amount type numeric(18, 4);
alter table goals alter column target_amount type numeric(18, 4), alter column current_amount type numeric(18, 4);
alter table debts alter column balance type numeric(18, 4), alter column minimum_payment type numeric(18, 4);
