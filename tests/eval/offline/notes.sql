-- Gives a user the demo user's notes.
insert into memory_embeddings (user_id, scope, source_id, chunk, embedding, embedding_model, metadata, token_count)
select %(user_id)s, scope, source_id, chunk, embedding, embedding_model, metadata, token_count
from memory_embeddings
where user_id = %(demo_user)s and source_id like 'note:%%';
