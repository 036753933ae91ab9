-- name: fence_run
-- Abort the transaction unless this process still owns the run; no process can claim the run before the transaction ends.
select fence_run(%(run_id)s, %(epoch)s);
