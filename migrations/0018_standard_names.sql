-- Columns, functions and the role of background work get the field's usual names. No row changes, except the arguments of jobs
-- that wait. Processes of the former version must have stopped: they use the former names.

-- Columns ----------------------------------------------------------------------------------------------------------------------------

alter table chat_sessions rename column quoted to untrusted_sources;
comment on column chat_sessions.untrusted_sources is 'The tools and stores whose text the user did not write and that stand in this session.';

alter table chat_runs rename column began_at to started_at;
comment on column chat_runs.started_at is 'When a queued run was first claimed; null for a run that started when it was accepted.';
alter table chat_runs rename column log_dropped_at to log_deleted_at;
comment on column chat_runs.log_deleted_at is 'When the events of the run were deleted; their retention had ended.';

alter table chat_runs rename column sealed_input to encrypted_input;
comment on column chat_runs.encrypted_input is 'The user''s message, AES-256-GCM, bound to user and run; null once the run has ended.';
alter table pii_vault rename column sealed to ciphertext;
comment on column pii_vault.ciphertext is 'The value, AES-256-GCM, bound to user and token.';
alter table pii_vault rename column kind to entity_type;
comment on column pii_vault.entity_type is 'The type of the value: EMAIL, PERSON, IBAN ...';
alter table chat_files rename column sealed to ciphertext;
comment on column chat_files.ciphertext is 'The content, AES-256-GCM, bound to user and id.';
comment on column chat_files.size is 'Bytes of the content before encryption.';
comment on table chat_files is 'Charts, reports and exports that tools made for a user, encrypted.';
alter table vault_hash_key rename column sealed to ciphertext;
comment on table vault_hash_key is 'One row: the key of the keyed hashes, encrypted under VAULT_KEY. If it does not decrypt, the server does not start.';
comment on table pii_vault is 'The value behind each token of a user: encrypted, and found again by a keyed hash (lookup).';
comment on table chat_runs is 'One accepted turn: its input (encrypted, until the run ends), the process that works on it, its outcome.';

alter table pii_vault rename column sealed_under to key_prefix;
alter table chat_runs rename column sealed_under to key_prefix;
alter table chat_files rename column sealed_under to key_prefix;
comment on column pii_vault.key_prefix is 'The first bytes of the ciphertext: its format and the id of the key that encrypted it.';

alter table memory_embeddings rename column owner_scope to scope;
alter table checkpoints rename column owner to user_id;
alter table checkpoint_blobs rename column owner to user_id;
alter table checkpoint_writes rename column owner to user_id;

-- Fencing ----------------------------------------------------------------------------------------------------------------------------

drop function hold_run;
create function fence_run(fenced_run uuid, fenced_epoch integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    perform from public.chat_runs where id = fenced_run and status = 'running' and epoch = fenced_epoch for share;
    if not found then
        raise exception 'another process works on the run, or the run has ended' using errcode = 'RL001';
    end if;
end
$$;
comment on function fence_run is 'Fencing: raises RL001 unless the caller still owns the run; no process can claim the run before this transaction ends.';
revoke all on function fence_run from public, anon, authenticated, service_role;
grant execute on function fence_run to chat_server;

-- The role of background work --------------------------------------------------------------------------------------------------------

-- A role belongs to the whole server, and other databases of it may still use the former one. So the new role is made beside it.
do $$
begin
    if not exists (select from pg_roles where rolname = 'chat_dispatcher') then
        create role chat_dispatcher nologin noinherit;
    end if;
    execute format('grant chat_dispatcher to %I', current_user);
end
$$;

grant usage on schema public to chat_dispatcher;
grant select (
    id, session_id, user_id, status, lease_expires_at, priority, created_at, finished_at, log_deleted_at, key_prefix
) on chat_runs to chat_dispatcher;
grant select (id, user_id, expires_at, key_prefix) on chat_files to chat_dispatcher;
grant select (user_id, key_prefix) on pii_vault to chat_dispatcher;
alter policy find on chat_runs to chat_dispatcher;
alter policy find on chat_files to chat_dispatcher;
alter policy find on pii_vault to chat_dispatcher;
alter policy find on chat_runs rename to dispatch;
alter policy find on chat_files rename to dispatch;
alter policy find on pii_vault rename to dispatch;

drop function owner_of, runs_due, waits_due, logs_due, files_due, seals_due;

create function user_of(run_or_session uuid) returns uuid
language sql stable security definer
set search_path = ''
return (select user_id from public.chat_runs where id = run_or_session or session_id = run_or_session limit 1);
comment on function user_of is 'The user of a run or a session; null if there is none.';

create function claimable_runs(max_rows integer) returns table (run_id uuid, user_id uuid)
language sql stable security definer
set search_path = ''
begin atomic
    (
        select r.id, r.user_id from public.chat_runs r where r.status = 'running' and r.lease_expires_at < now()
        union all
        select distinct on (q.session_id) q.id, q.user_id
        from public.chat_runs q
        where q.status = 'queued'
          and not exists (select from public.chat_runs a where a.session_id = q.session_id and a.status = 'running')
    )
    limit max_rows;
end;
comment on function claimable_runs is 'Runs that wait for a process, with their users: abandoned runs, and one of each free session''s queue.';

create function overdue_approvals(max_rows integer) returns table (run_id uuid, user_id uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select r.id, r.user_id from public.chat_runs r where r.status = 'waiting' and r.lease_expires_at < now() limit max_rows;
end;
comment on function overdue_approvals is 'Runs whose users did not decide in time, with their users.';

create function expired_run_logs(days double precision, max_rows integer) returns table (run_id uuid, user_id uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select r.id, r.user_id
    from public.chat_runs r
    where r.log_deleted_at is null and r.finished_at < now() - make_interval(secs => days * 86400)
    order by r.finished_at
    limit max_rows;
end;
comment on function expired_run_logs is 'Runs that ended more than so many days ago and still have their events, with their users.';

create function expired_files(max_rows integer) returns table (file_id uuid, user_id uuid)
language sql stable security definer
set search_path = ''
begin atomic
    select f.id, f.user_id from public.chat_files f where f.expires_at <= now() order by f.expires_at limit max_rows;
end;
comment on function expired_files is 'Files whose retention has ended, with their users.';

create function users_to_reencrypt(current_key bytea, max_rows integer) returns setof uuid
language sql stable security definer
set search_path = ''
begin atomic
    select v.user_id from public.pii_vault v where v.key_prefix <> current_key
    union
    select r.user_id from public.chat_runs r where r.key_prefix <> current_key
    union
    select f.user_id from public.chat_files f where f.key_prefix <> current_key
    limit max_rows;
end;
comment on function users_to_reencrypt is 'Users with values that another key than this one encrypted.';

revoke all on function user_of, claimable_runs, overdue_approvals, expired_run_logs, expired_files, users_to_reencrypt
    from public, anon, authenticated, service_role;
grant create on schema public to chat_dispatcher;
alter function user_of owner to chat_dispatcher;
alter function claimable_runs owner to chat_dispatcher;
alter function overdue_approvals owner to chat_dispatcher;
alter function expired_run_logs owner to chat_dispatcher;
alter function expired_files owner to chat_dispatcher;
alter function users_to_reencrypt owner to chat_dispatcher;
revoke create on schema public from chat_dispatcher;
grant execute on function user_of, claimable_runs, overdue_approvals, expired_run_logs, expired_files, users_to_reencrypt
    to chat_server;

revoke all on chat_runs, chat_files, pii_vault from chat_finder;
revoke all on schema public from chat_finder;
do $$
begin
    drop role chat_finder;
exception
    -- Another database of this server still uses it, or another role made it. It has no right here any more.
    when dependent_objects_still_exist or insufficient_privilege then null;
end
$$;

-- Jobs -------------------------------------------------------------------------------------------------------------------------------

do $$
begin
    if to_regclass('jobs.procrastinate_jobs') is not null then
        update jobs.procrastinate_jobs
        set args = args - 'owner' || jsonb_build_object('user_id', args -> 'owner')
        where args ? 'owner';
    end if;
end
$$;
