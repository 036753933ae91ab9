-- name: keep_file
-- Store a sealed file of the caller, in the place of what was stored under its id.
insert into chat_files (id, name, media_type, size, sealed)
values (%(id)s, %(name)s, %(media_type)s, %(size)s, %(sealed)s)
on conflict (id) do update set name = excluded.name, media_type = excluded.media_type, size = excluded.size, sealed = excluded.sealed;

-- name: read_file
-- A file of the caller that has not expired.
select id, name, media_type, sealed
from chat_files
where id = %(file_id)s and expires_at > now();

-- name: list_files
-- The caller's files, the latest first; the cursor is the place of the last one seen.
select id, name, media_type, size, created_at, expires_at
from chat_files
where user_id = (select auth.uid())
  and expires_at > now()
  and (%(before)s::timestamptz is null or (created_at, id) < (%(before)s::timestamptz, %(before_id)s::uuid))
order by created_at desc, id desc
limit %(limit)s;

-- name: files_due
-- Files of anybody that have been kept for long enough, with their owners.
select file_id, owner from files_due(%(most)s);

-- name: drop_files
-- Delete files of the caller that have been kept for long enough.
delete from chat_files where id = any (%(file_ids)s::uuid[]) and expires_at <= now();
