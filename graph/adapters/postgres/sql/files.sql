-- name: store_file
-- Store an encrypted file of the caller; it replaces the file with the same id.
insert into chat_files (id, name, media_type, size, ciphertext)
values (%(id)s, %(name)s, %(media_type)s, %(size)s, %(ciphertext)s)
on conflict (id) do update set name = excluded.name, media_type = excluded.media_type, size = excluded.size, ciphertext = excluded.ciphertext;

-- name: read_file
-- A file of the caller that has not expired.
select id, name, media_type, ciphertext
from chat_files
where id = %(file_id)s and expires_at > now();

-- name: list_files
-- The caller's files, newest first; the cursor is the position of the last file seen.
select id, name, media_type, size, created_at, expires_at
from chat_files
where user_id = (select auth.uid())
  and expires_at > now()
  and (%(before)s::timestamptz is null or (created_at, id) < (%(before)s::timestamptz, %(before_id)s::uuid))
order by created_at desc, id desc
limit %(limit)s;

-- name: expired_files
-- Files of all users whose retention has ended, with their users.
select file_id, user_id from expired_files(%(max_rows)s);

-- name: delete_files
-- Delete those of the caller's files whose retention has ended.
delete from chat_files where id = any (%(file_ids)s::uuid[]) and expires_at <= now();
