-- What the platform must offer: the roles that Supabase has, auth.uid(), and the role as which the server works.
-- Everything here is skipped where it exists, so the file applies to a plain PostgreSQL and to a Supabase project.

create extension if not exists vector;

do $$
declare
    platform_role text;
begin
    foreach platform_role in array array['anon', 'authenticated', 'service_role', 'chat_server'] loop
        if not exists (select from pg_roles where rolname = platform_role) then
            execute format('create role %I nologin noinherit', platform_role);
        end if;
    end loop;
end
$$;

-- The server's role owns nothing and obeys row level security. Its password is the operator's to set:
--   alter role chat_server login password '…';
alter role chat_server inherit;
alter role chat_server set search_path = public, jobs;
alter role chat_server set default_transaction_isolation = 'read committed';

create schema if not exists auth;

do $$
begin
    if to_regprocedure('auth.uid()') is null then
        execute $function$
            create function auth.uid() returns uuid
            language sql stable
            set search_path = ''
            return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
        $function$;
        comment on function auth.uid() is 'The caller, from the claims that the server set in this transaction; null without claims.';
    end if;
end
$$;

-- On Supabase the auth schema belongs to the platform and only its own roles may pass the right on.
do $$
begin
    begin
        grant usage on schema auth to chat_server;
    exception when insufficient_privilege then null;
    end;
    if not has_schema_privilege('chat_server', 'auth', 'usage') then
        grant authenticated to chat_server;
    end if;
end
$$;

grant usage on schema public to chat_server;
