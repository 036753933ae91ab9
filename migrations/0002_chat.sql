-- The tables of the conversation. Every row belongs to one user; row level security is forced, the owner of the tables included.
-- Text in these tables is masked: the values behind its tokens are in pii_vault, sealed.

create function touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- Employees and tools: projections of the files, written at start, so that SQL reports can join them ------------------------------

create table employee_profiles (
    slug text primary key,
    title text not null,
    name text not null,
    emoji text not null,
    system_prompt text not null,
    capabilities text[] not null default '{}',
    tools_allowed text[] not null default '{}',
    model text not null,
    temperature numeric(3, 2) not null,
    max_tokens integer not null,
    version text not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table employee_profiles is 'Projection of employees/*.md; an employee whose file is gone is inactive.';
create trigger touch before update on employee_profiles for each row execute function touch_updated_at();

create table tools_registry (
    name text primary key,
    purpose text not null,
    risk text not null check (risk in ('read', 'write', 'outbound')),
    parameters_schema jsonb not null,
    is_active boolean not null default true,
    updated_at timestamptz not null default now()
);
comment on table tools_registry is 'Projection of tools/catalog.py.';
create trigger touch before update on tools_registry for each row execute function touch_updated_at();

-- Conversations --------------------------------------------------------------------------------------------------------------------

create table chat_sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    employee_slug text not null references employee_profiles (slug) on update cascade,
    title text,
    context jsonb not null default '{}',
    message_count integer not null default 0,
    token_count integer not null default 0,
    last_message_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, user_id)
);
comment on table chat_sessions is 'One conversation; its id is also LangGraph''s thread_id.';
create index chat_sessions_recent on chat_sessions (user_id, updated_at desc, id);
create trigger touch before update on chat_sessions for each row execute function touch_updated_at();

create table chat_runs (
    id uuid primary key,
    session_id uuid not null,
    user_id uuid not null default auth.uid(),
    employee_slug text not null,
    client_key text,
    request_hash bytea not null,
    sealed_input bytea,
    status text not null default 'running' check (status in ('running', 'waiting', 'complete', 'stopped', 'failed')),
    stop_requested boolean not null default false,
    epoch integer not null default 1,
    lease_expires_at timestamptz not null,
    message_id uuid,
    error_code text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    unique (id, user_id),
    foreign key (session_id, user_id) references chat_sessions (id, user_id) on delete cascade
);
comment on table chat_runs is 'One accepted turn: its input (sealed, until it ends), who works on it, how it ended.';
comment on column chat_runs.lease_expires_at is 'Until when its process vouches for it; past that the run is lost and the session free.';
create unique index chat_runs_one_active on chat_runs (session_id) where status = 'running';
create unique index chat_runs_client_key on chat_runs (user_id, client_key) where client_key is not null;
create index chat_runs_session on chat_runs (session_id, created_at desc);

create table chat_run_events (
    run_id uuid not null,
    seq integer not null,
    user_id uuid not null default auth.uid(),
    event json not null, -- not jsonb: a resumed stream has the bytes of the first
    created_at timestamptz not null default now(),
    primary key (run_id, seq),
    foreign key (run_id, user_id) references chat_runs (id, user_id) on delete cascade
);
comment on table chat_run_events is 'What a run streamed, masked, each event whole: a resumed stream reads it from here.';

create table chat_messages (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null,
    user_id uuid not null default auth.uid(),
    run_id uuid,
    position bigint generated always as identity,
    role text not null check (role in ('user', 'assistant', 'system', 'tool')),
    content text not null,
    employee_slug text,
    tokens integer not null default 0,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    foreign key (session_id, user_id) references chat_sessions (id, user_id) on delete cascade
);
comment on table chat_messages is 'The history, masked. metadata holds tool_calls, tool_call_id, status, feedback.';
create index chat_messages_session on chat_messages (session_id, position desc);
create index chat_messages_user on chat_messages (user_id);
create index chat_messages_run on chat_messages (run_id);

create function count_message() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    update public.chat_sessions
    set message_count = message_count + 1, token_count = token_count + new.tokens, last_message_at = new.created_at
    where id = new.session_id;
    return null;
end
$$;
create trigger count_message after insert on chat_messages for each row execute function count_message();

create table chat_session_summaries (
    session_id uuid primary key,
    user_id uuid not null default auth.uid(),
    summary text not null,
    key_facts text[] not null default '{}',
    last_summarized_message_id uuid not null,
    last_summarized_position bigint not null,
    token_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (session_id, user_id) references chat_sessions (id, user_id) on delete cascade
);
comment on table chat_session_summaries is 'The running summary of a session and the last message that it covers.';
create trigger touch before update on chat_session_summaries for each row execute function touch_updated_at();

-- Memory ---------------------------------------------------------------------------------------------------------------------------

create table user_memory_facts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    scope text not null default 'global',
    fact text not null,
    confidence integer not null default 80 check (confidence between 0 and 100),
    source text not null default 'user',
    is_pinned boolean not null default false,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (user_id, scope, fact)
);
comment on table user_memory_facts is 'What is known of a user, masked. scope is global or the slug of the employee who may know it.';
create index user_memory_facts_recent on user_memory_facts (user_id, is_pinned, created_at desc);
create trigger touch before update on user_memory_facts for each row execute function touch_updated_at();

create table memory_embeddings (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    owner_scope text not null default 'global',
    source_id text not null,
    chunk text not null,
    embedding vector(384) not null,
    embedding_model text not null,
    metadata jsonb not null default '{}',
    token_count integer not null default 0,
    created_at timestamptz not null default now()
);
comment on table memory_embeddings is 'Masked texts with their vectors. A query meets only vectors of its own model; a user''s rows are searched exactly, by the index on user and model.';
create index memory_embeddings_search on memory_embeddings (user_id, embedding_model);
create index memory_embeddings_source on memory_embeddings (user_id, source_id);

-- Privacy --------------------------------------------------------------------------------------------------------------------------

create table pii_vault (
    user_id uuid not null default auth.uid(),
    token text not null,
    kind text not null,
    lookup bytea not null,
    sealed bytea not null,
    created_at timestamptz not null default now(),
    primary key (user_id, token),
    unique (user_id, lookup)
);
comment on table pii_vault is 'The value behind each token of a user: sealed, and found again by a keyed hash (lookup).';

-- Effects and limits ---------------------------------------------------------------------------------------------------------------

create table tool_effects (
    run_id uuid not null,
    ordinal integer not null,
    user_id uuid not null default auth.uid(),
    tool text not null,
    arguments_hash bytea not null,
    result jsonb not null,
    created_at timestamptz not null default now(),
    primary key (run_id, ordinal),
    foreign key (run_id, user_id) references chat_runs (id, user_id) on delete cascade
);
comment on table tool_effects is 'Each effect of a tool, written in the transaction of the effect, so that it happens once.';

create table chat_usage_log (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid(),
    session_id uuid references chat_sessions (id) on delete set null,
    run_id uuid not null,
    employee_slug text not null,
    model text not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    total_tokens integer not null,
    cost numeric(14, 8) not null default 0,
    source text not null check (source in ('provider', 'counted')),
    latency_ms integer,
    tools_used text[] not null default '{}',
    success boolean not null,
    error_message text,
    created_at timestamptz not null default now(),
    unique (run_id)
);
comment on table chat_usage_log is 'What each turn took. cost is US dollars; error_message is a code, never text of a user.';
create index chat_usage_log_recent on chat_usage_log (user_id, created_at desc);

create table chat_rate_limits (
    user_id uuid primary key default auth.uid(),
    next_turn_at timestamptz not null default now(),
    day date not null default current_date,
    day_tokens bigint not null default 0
);
comment on table chat_rate_limits is 'One row a user: when the bucket of turns is empty until (GCRA), and the tokens of the day (UTC).';

-- LangGraph's checkpoints, in the shape that langgraph-checkpoint-postgres reads, plus the owner ------------------------------------

create table checkpoints (
    thread_id text not null,
    checkpoint_ns text not null default '',
    checkpoint_id text not null,
    parent_checkpoint_id text,
    type text,
    checkpoint jsonb not null,
    metadata jsonb not null default '{}',
    owner uuid not null default auth.uid(),
    primary key (thread_id, checkpoint_ns, checkpoint_id)
);

create table checkpoint_blobs (
    thread_id text not null,
    checkpoint_ns text not null default '',
    channel text not null,
    version text not null,
    type text not null,
    blob bytea,
    owner uuid not null default auth.uid(),
    primary key (thread_id, checkpoint_ns, channel, version)
);

create table checkpoint_writes (
    thread_id text not null,
    checkpoint_ns text not null default '',
    checkpoint_id text not null,
    task_id text not null,
    idx integer not null,
    channel text not null,
    type text,
    blob bytea not null,
    task_path text not null default '',
    owner uuid not null default auth.uid(),
    primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
comment on table checkpoints is 'LangGraph: the steps of the last turns of each session.';
comment on table checkpoint_blobs is 'LangGraph: the values of the channels, by version.';
comment on table checkpoint_writes is 'LangGraph: what the tasks of a step wrote.';

-- Row level security: the caller's rows, for the server's role only ------------------------------------------------------------------

do $$
declare
    owned text;
begin
    foreach owned in array array[
        'chat_sessions', 'chat_runs', 'chat_run_events', 'chat_messages', 'chat_session_summaries', 'user_memory_facts',
        'memory_embeddings', 'pii_vault', 'tool_effects', 'chat_usage_log', 'chat_rate_limits'
    ] loop
        execute format(
            'create policy own on %I for all to chat_server using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))',
            owned
        );
    end loop;

    foreach owned in array array['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] loop
        execute format(
            'create policy own on %I for all to chat_server using (owner = (select auth.uid())) with check (owner = (select auth.uid()))',
            owned
        );
    end loop;

    foreach owned in array array['employee_profiles', 'tools_registry'] loop
        execute format('create policy shared on %I for all to chat_server using (true) with check (true)', owned);
    end loop;

    foreach owned in array array[
        'chat_sessions', 'chat_runs', 'chat_run_events', 'chat_messages', 'chat_session_summaries', 'user_memory_facts',
        'memory_embeddings', 'pii_vault', 'tool_effects', 'chat_usage_log', 'chat_rate_limits',
        'checkpoints', 'checkpoint_blobs', 'checkpoint_writes', 'employee_profiles', 'tools_registry'
    ] loop
        execute format('alter table %I enable row level security', owned);
        execute format('alter table %I force row level security', owned);
        execute format('revoke all on %I from public, anon, authenticated, service_role', owned);
        execute format('grant select, insert, update, delete on %I to chat_server', owned);
    end loop;
end
$$;
