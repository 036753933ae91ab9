-- name: prune_checkpoints
-- Delete the checkpoints of all but the last turns of a thread; metadata.run says to which turn a checkpoint belongs.
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
-- Delete what tasks wrote on checkpoints older than the oldest that is left (ids grow with time; a run may be writing newer ones).
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
