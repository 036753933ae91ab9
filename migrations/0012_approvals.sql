-- What is not done without its user's word: each proposed call with its exact arguments, what it would change, and the decision.

create table tool_approvals (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    run_id uuid not null,
    ordinal integer not null,
    tool text not null,
    arguments jsonb not null,
    arguments_hash bytea not null,
    preview jsonb not null default '{}',
    reason text not null default '',
    status text not null default 'pending' check (status in ('pending', 'approved', 'rejected', 'expired')),
    decided_arguments jsonb,
    comment text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    decided_at timestamptz,
    unique (run_id, ordinal),
    foreign key (run_id, user_id) references chat_runs (id, user_id) on delete cascade
);
comment on table tool_approvals is 'Calls of write and outbound tools that wait for their user, or were decided. All text in them is masked.';
comment on column tool_approvals.ordinal is 'Which call of the run it is, as in tool_effects.';
comment on column tool_approvals.arguments_hash is 'Keyed hash of tool and arguments: a decision counts for these arguments only.';
comment on column tool_approvals.reason is 'Why a trusted tool asks again; empty where it asks as ever.';
comment on column tool_approvals.decided_arguments is 'The arguments as the user edited them; null where they were approved as they are.';

create table tool_grants (
    session_id uuid not null,
    tool text not null,
    user_id uuid not null default auth.uid(),
    created_at timestamptz not null default now(),
    primary key (session_id, tool),
    foreign key (session_id, user_id) references chat_sessions (id, user_id) on delete cascade
);
comment on table tool_grants is 'Tools that a user trusts in a conversation; never an outbound one.';

do $$
declare
    owned text;
begin
    foreach owned in array array['tool_approvals', 'tool_grants'] loop
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

comment on column chat_runs.lease_expires_at is 'Until when its process vouches for it, or its user may decide; past that any process may take the run over.';
create index chat_runs_waits on chat_runs (lease_expires_at) where status = 'waiting';

create function waits_due(most integer) returns table (run_id uuid, owner uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select id, user_id from public.chat_runs where status = 'waiting' and lease_expires_at < now() limit most;
end;
comment on function waits_due is 'Runs whose users did not decide in time, and whose they are.';
revoke all on function waits_due from public, anon, authenticated, service_role;
grant create on schema public to chat_finder;
alter function waits_due owner to chat_finder;
revoke create on schema public from chat_finder;
grant execute on function waits_due to chat_server;
