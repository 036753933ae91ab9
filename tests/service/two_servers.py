"""Two server processes on one database behind a real nginx, as an operator would run them."""

import asyncio
import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import pytest

from graph.adapters.embedded_postgres import EmbeddedPostgres
from graph.wiring import prepare_embedded
from tests.conftest import TEST_SETTINGS
from tests.service.conftest import PATIENCE, Client, Server, running

CONFIGURATION = Template("""\
# Everything of this nginx is in one directory.
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
$servers
    }

    server {
        listen 127.0.0.1:$port;
        client_max_body_size 1m;

        location / {
            proxy_pass http://chat;
            proxy_http_version 1.1;
            proxy_set_header Host $$host;
            proxy_set_header X-Forwarded-For $$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $$scheme;

            # Each event goes on to the client at once, and a stream may be quiet for longer than its heartbeat of 15 s.
            proxy_buffering off;
            proxy_read_timeout 75s;
            proxy_send_timeout 75s;

            # A process that is gone costs nobody a request: the other one is asked. A POST is passed on only if it was
            # never sent, so no message is accepted twice.
            proxy_connect_timeout 2s;
            proxy_next_upstream error timeout http_503;
            proxy_next_upstream_timeout 5s;

            add_header X-Served-By $$upstream_addr always;
        }
    }
}
""")

UPSTREAM = "        server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;"


def nginx_program() -> str:
    """Where nginx is; the test that asks is skipped if there is none."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    return found or pytest.skip("nginx is not installed")


@contextmanager
def nginx(home: Path, upstreams: Mapping[str, int]) -> Iterator[str]:
    """An nginx before servers on these ports; its address."""
