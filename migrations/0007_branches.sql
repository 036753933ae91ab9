-- Branches: a question that is put in other words, or answered anew, leaves behind what was said from there on. What is left
-- behind stays in the history; the model sees the branch that is current.

alter table chat_messages add column superseded_by uuid;
comment on column chat_messages.superseded_by is 'The run that left this message behind when it began; null in the current branch.';

alter table chat_runs add column replaces uuid;
alter table chat_runs add column began_at timestamptz;
comment on column chat_runs.replaces is 'The run whose question this one comes in the place of: that question and all that followed is left behind when this run begins.';
comment on column chat_runs.began_at is 'When a run began that had waited for its session; null for one that began when it was accepted.';

create function uncount_superseded() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    update public.chat_sessions s
    set message_count = s.message_count - gone.messages, token_count = s.token_count - gone.tokens
    from (
        select later.session_id, count(*) as messages, sum(later.tokens) as tokens
        from later
        join earlier on earlier.id = later.id
        where earlier.superseded_by is null and later.superseded_by is not null
        group by later.session_id
    ) gone
    where s.id = gone.session_id;
    return null;
end
$$;
create trigger uncount_superseded after update on chat_messages
    referencing old table as earlier new table as later
    for each statement execute function uncount_superseded();
comment on column chat_sessions.message_count is 'Messages of the current branch.';
comment on column chat_sessions.token_count is 'Tokens of the messages of the current branch.';
