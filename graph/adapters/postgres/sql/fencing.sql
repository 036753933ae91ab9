-- name: hold
-- Refuse what follows unless this process still works on a run; nobody can take the run over before the transaction has ended.
select hold_run(%(run_id)s, %(epoch)s);
