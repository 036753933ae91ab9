with victim as (select %s::uuid as id)
select 'transactions' as name, string_agg(t::text, '' order by t::text) as rows from transactions t, victim where user_id = victim.id
union all select 'categories', string_agg(t::text, '' order by t::text) from categories t, victim where user_id = victim.id
union all select 'category rules', string_agg(t::text, '' order by t::text) from category_rules t, victim where user_id = victim.id
union all select 'budgets', string_agg(t::text, '' order by t::text) from budgets t, victim where user_id = victim.id
union all select 'goals', string_agg(t::text, '' order by t::text) from goals t, victim where user_id = victim.id
union all select 'debts', string_agg(t::text, '' order by t::text) from debts t, victim where user_id = victim.id
union all select 'reminders', string_agg(t::text, '' order by t::text) from reminders t, victim where user_id = victim.id
union all select 'effects', string_agg(t::text, '' order by t::text) from tool_effects t, victim where user_id = victim.id
