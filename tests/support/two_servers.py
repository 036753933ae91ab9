"""Two server processes on one database behind a real nginx, as an operator runs them."""

import asyncio
import base64
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from string import Template

import pytest

from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.provisioning import prepare_embedded
from tests.support.clients import PATIENCE, Client
from tests.support.database import TEST_SETTINGS
from tests.support.prepared_data import copy_model
from tests.support.servers import Server, running
from tests.support.tcp import free_port, is_open
from tests.support.waiting import PAUSE_SECONDS

CONFIGURATION = Template("""\
# All that this nginx writes is in one directory.
daemon off;
$user
pid nginx.pid;
error_log error.log warn;
events { worker_connections 256; }

http {
    access_log off;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;

    upstream chat {
        $upstreams
    }

    server {
        listen 127.0.0.1:$port;
        client_max_body_size 1m;
        proxy_http_version 1.1;
        proxy_set_header Host $$http_host;
        proxy_set_header X-Forwarded-For $$proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $$scheme;
        add_header X-Served-By $$upstream_addr always;

        # Events go to the client as they come. Every 15 s there is at least a comment, so a longer silence is no stream's.
        proxy_buffering off;
        proxy_read_timeout 60s;

        # A process that is gone or going is passed over. nginx sends a message to a second process only if no first one can
        # have had it, since it may have been accepted there; one with a key is accepted once, however often it is sent.
        proxy_connect_timeout 2s;
        proxy_next_upstream error timeout http_503;

        location / {
            proxy_pass http://chat;
        }

        location = /api/chat {
            error_page 418 = @keyed;
            if ($$http_idempotency_key) { return 418; }
            proxy_pass http://chat;
        }

        location @keyed {
            proxy_next_upstream error timeout http_503 non_idempotent;
            proxy_pass http://chat;
        }
    }
}
""")
UPSTREAM = "server {address} max_fails=1 fail_timeout=1s;"


class TwoServers:
    """Both processes, by their addresses."""

    def __init__(self, data: Path, environment: Mapping[str, str], stack: ExitStack) -> None:
        self.data = data
        self.environment = environment
        self.servers: dict[str, Server] = {}
        """By `host:port`, which is what nginx says of an answer in `X-Served-By`."""
        self._stack = stack

    def start(self, port: int = 0) -> None:
        """Start a process, on a free port unless one is given."""
        server = self._stack.enter_context(running(self.data, {**self.environment, "PORT": str(port)}))
        self.servers[server.address.removeprefix("http://")] = server

    def revive(self) -> None:
        """Start those anew that a test has ended, where they were."""
        for address, server in list(self.servers.items()):
            if server.process.poll() is not None:
                self.start(int(address.rpartition(":")[2]))

    def other(self, address: str) -> str:
        return next(each for each in self.servers if each != address)

    def client(self, front: str, user: str | None = None) -> Client:
        """Somebody who talks to what is in front of both, or to one of them; a new user unless one is named."""
        client = next(iter(self.servers.values())).client(user)
        client.base_url = front
        return client


@contextmanager
def two_servers(home: Path, environment: Mapping[str, str]) -> Iterator[TwoServers]:
    """Both processes with what they share: a database, its keys, the issuer of tokens."""
    data = home / "data"
    copy_model(data)
    with ExitStack() as stack:
        cluster = stack.enter_context(EmbeddedPostgres(data / "postgres", print, TEST_SETTINGS))
        addresses = asyncio.run(prepare_embedded(cluster, data / "server.password", print))
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        both = TwoServers(data, {"DATABASE_URL": addresses.server, "VAULT_KEY": key, **environment}, stack)
        both.start()
        both.start()
        yield both


def nginx_program() -> str:
    """Where nginx is; what asks for it is skipped if there is none."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
    return found or pytest.skip("nginx is not installed")


@contextmanager
def nginx(program: str, home: Path, upstreams: list[str]) -> Iterator[str]:
    """An nginx before servers at these addresses; its own address."""
    for _ in range(5):
        port = free_port()
        process = launch(program, home, upstreams, port)
        try:
            if answers(process, port):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            process.wait(PATIENCE)
    raise AssertionError((home / "error.log").read_text())


def launch(program: str, home: Path, upstreams: list[str], port: int) -> "subprocess.Popen[bytes]":
    text = CONFIGURATION.substitute(
        user="user root;" if os.geteuid() == 0 else "",  # else its workers could not write here
        upstreams="\n        ".join(UPSTREAM.format(address=each) for each in upstreams),
        port=port,
    )
    (home / "nginx.conf").write_text(text)
    return subprocess.Popen([program, "-p", f"{home}/", "-c", "nginx.conf", "-e", "error.log"])


def answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until a process listens; False if it ends instead, as it does if somebody has taken the port."""
    while process.poll() is None:
        if is_open(port):
            return True
        time.sleep(PAUSE_SECONDS)
    return False
