-- What a worker writes for its run counts only while the run is its own. The function refuses by an error, so that the writes that
-- come with it need not wait for its answer: they and the commit travel in one message, and all are undone together.

create function hold_run(held_run uuid, held_epoch integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    perform from public.chat_runs where id = held_run and status = 'running' and epoch = held_epoch for share;
    if not found then
        raise exception 'another process works on the run, or it has ended' using errcode = 'RL001';
    end if;
end
$$;
comment on function hold_run is 'Lets nobody take a run over before the transaction has ended; error RL001 if somebody has.';
revoke all on function hold_run from public, anon, authenticated, service_role;
grant execute on function hold_run to chat_server;
