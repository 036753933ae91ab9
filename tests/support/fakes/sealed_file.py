"""A file of a user, put into a running server's database by its administrator."""

import uuid

from graph.adapters.crypto.cipher import VaultCipher, load_or_create_key
from graph.adapters.postgres.privacy.file_store import context_of
from tests.support.clients import Client
from tests.support.servers import Server


def own_file(server: Server, client: Client, name: str) -> str:
    """Store a file whose name and content hold this; its id."""
    file_id, cipher = str(uuid.uuid4()), VaultCipher(load_or_create_key(server.data / "vault.key"))
    server.sql(
        "insert into chat_files (id, user_id, name, media_type, size, ciphertext) values (%s, %s, %s, 'text/csv', %s, %s)",
        file_id,
        client.user,
        f"{name}.csv",
        len(name),
        cipher.encrypt(name.encode(), context_of(client.user, file_id)),
    )
    return file_id
