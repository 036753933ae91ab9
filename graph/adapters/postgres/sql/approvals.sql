-- name: approvals_of_run
-- The approvals that a run requested, decided or not.
select
    id, ordinal, tool, arguments, arguments_hash, preview, reason, decided_arguments, comment, expires_at,
    case when status = 'pending' and expires_at < now() then 'expired' else status end as status
from tool_approvals
where run_id = %(run_id)s
order by ordinal;

-- name: trusted_tools
-- The tools that the user trusts in a session.
select tool from tool_grants where session_id = %(session_id)s;

-- name: untrusted_sources
-- The sources of text in a session that the user did not write.
select untrusted_sources from chat_sessions where id = %(session_id)s;

-- name: request_approvals
-- Ask the user to approve calls. A call whose arguments changed becomes a new, undecided approval.
insert into tool_approvals (run_id, ordinal, tool, arguments, arguments_hash, preview, reason, expires_at)
select
    %(run_id)s, (call ->> 'ordinal')::int, call ->> 'tool', call -> 'arguments', decode(call ->> 'hash', 'hex'),
    call -> 'preview', call ->> 'reason', now() + make_interval(secs => %(seconds)s)
from jsonb_array_elements(%(calls)s::jsonb) as call
on conflict (run_id, ordinal) do update set
    id = gen_random_uuid(), tool = excluded.tool, arguments = excluded.arguments, arguments_hash = excluded.arguments_hash,
    preview = excluded.preview, reason = excluded.reason, status = 'pending', decided_arguments = null, comment = '',
    created_at = now(), expires_at = excluded.expires_at, decided_at = null
where tool_approvals.arguments_hash <> excluded.arguments_hash;

-- name: lock_run
-- Lock the run of a decision: until the transaction ends no other decision is stored and the run does not end.
select session_id, status from chat_runs where id = %(run_id)s for update;

-- name: read_approval
-- One approval of a run.
select tool, arguments, status, expires_at < now() as is_late from tool_approvals where id = %(approval_id)s and run_id = %(run_id)s;

-- name: decide
-- Store the user's decision, once.
update tool_approvals
set status = %(status)s, decided_arguments = %(arguments)s, comment = %(comment)s, decided_at = now()
where id = %(approval_id)s and status = 'pending';

-- name: trust_tool
-- Skip the approval of this tool in this session from now on.
insert into tool_grants (session_id, tool) values (%(session_id)s, %(tool)s) on conflict do nothing;

-- name: resume_run
-- Queue the run ahead of the session's other runs once every call is decided. Returns the number of undecided calls.
with undecided as (
    select count(*) as calls from tool_approvals where run_id = %(run_id)s and status = 'pending'
),
resumed as (
    update chat_runs set status = 'queued', priority = 2
    from undecided
    where id = %(run_id)s and status = 'waiting' and undecided.calls = 0
    returning pg_notify('chat_runs', 'due ' || id)
)
select undecided.calls, (select count(*) from resumed) as resumed from undecided;
