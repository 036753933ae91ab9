-- name: put_checkpoint
-- Store a checkpoint and the new values of its channels.
with new_values as (
    insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    select %(thread_id)s, %(checkpoint_ns)s, channel, version, type, blob
    from unnest(%(channels)s::text[], %(versions)s::text[], %(types)s::text[], %(blobs)s::bytea[])
        as new (channel, version, type, blob)
    on conflict do nothing
)
insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
values (
    %(thread_id)s, %(checkpoint_ns)s, %(checkpoint_id)s, %(parent_checkpoint_id)s, %(checkpoint)s, %(metadata)s
)
on conflict (thread_id, checkpoint_ns, checkpoint_id) do update
set checkpoint = excluded.checkpoint, metadata = excluded.metadata;

-- name: copy_thread
-- Copy all checkpoints of a thread with their channel values and task writes; the copies belong to the caller.
with copied_values as (
    insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    select %(target)s, checkpoint_ns, channel, version, type, blob
    from checkpoint_blobs
    where thread_id = %(source)s
    on conflict do nothing
),
copied_writes as (
    insert into checkpoint_writes (
        thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob
    )
    select %(target)s, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob
    from checkpoint_writes
    where thread_id = %(source)s
    on conflict do nothing
)
insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
select %(target)s, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
from checkpoints
where thread_id = %(source)s
on conflict do nothing;

-- name: delete_writes_of_runs
-- Delete the task writes of these runs.
delete from checkpoint_writes w
using checkpoints c
where w.thread_id = c.thread_id
  and w.checkpoint_ns = c.checkpoint_ns
  and w.checkpoint_id = c.checkpoint_id
  and coalesce(c.metadata ->> 'run', c.metadata ->> 'run_id') = any(%(runs)s);

-- name: delete_runs
-- Delete the checkpoints of these runs. Their metadata names the run: in `run` for this service's turns, in LangGraph's `run_id`
-- for other graphs. (LangGraph would treat a second turn under the same `run_id` as the first one resumed.)
delete from checkpoints
where coalesce(metadata ->> 'run', metadata ->> 'run_id') = any(%(runs)s)
returning thread_id;

-- name: prune_checkpoints
-- Delete the checkpoints of all but the last turns of a thread; metadata.run names the turn of a checkpoint.
delete from checkpoints
where thread_id = %(thread_id)s
  and metadata ->> 'run' in (
      select metadata ->> 'run'
      from checkpoints
      where thread_id = %(thread_id)s
      group by metadata ->> 'run'
      order by max(checkpoint_id) desc
      offset %(turns)s
  );

-- name: prune_writes
-- Delete task writes on checkpoints older than the oldest remaining one. Ids grow with time; a run may be writing newer ones.
delete from checkpoint_writes
where thread_id = %(thread_id)s
  and checkpoint_id < (select min(checkpoint_id) from checkpoints where thread_id = %(thread_id)s);

-- name: prune_blobs
-- Delete channel values that no remaining checkpoint refers to.
delete from checkpoint_blobs b
where b.thread_id = %(thread_id)s
  and not exists (
      select from checkpoints c
      where c.thread_id = b.thread_id
        and c.checkpoint_ns = b.checkpoint_ns
        and c.checkpoint -> 'channel_versions' ->> b.channel = b.version
  );
