-- name: sync_employees
-- Copy the employees' files into their table; an employee without a file becomes inactive.
with source as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as r (
        slug text, title text, name text, emoji text, system_prompt text, capabilities text[], tools_allowed text[], model text,
        temperature numeric, max_tokens int, version text
    )
), removed as (
    update employee_profiles set is_active = false where is_active and slug not in (select slug from source)
)
insert into employee_profiles as p (
    slug, title, name, emoji, system_prompt, capabilities, tools_allowed, model, temperature, max_tokens, version
)
select slug, title, name, emoji, system_prompt, capabilities, tools_allowed, model, temperature, max_tokens, version from source
on conflict (slug) do update set
    title = excluded.title, name = excluded.name, emoji = excluded.emoji, system_prompt = excluded.system_prompt,
    capabilities = excluded.capabilities, tools_allowed = excluded.tools_allowed, model = excluded.model,
    temperature = excluded.temperature, max_tokens = excluded.max_tokens, version = excluded.version, is_active = true
where p.version <> excluded.version or not p.is_active;

-- name: sync_tools
-- Copy the tool catalogue into its table; a tool that is not in the catalogue becomes inactive.
with source as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as r (name text, purpose text, risk text, parameters_schema jsonb)
), removed as (
    update tools_registry set is_active = false where is_active and name not in (select name from source)
)
insert into tools_registry (name, purpose, risk, parameters_schema)
select name, purpose, risk, parameters_schema from source
on conflict (name) do update set
    purpose = excluded.purpose, risk = excluded.risk, parameters_schema = excluded.parameters_schema, is_active = true;
