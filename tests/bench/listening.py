"""How the processes beside this runtime come up: on a free port, told in the same words as the runtime's own."""

import socket

import uvicorn
from fastapi import FastAPI


def listen() -> socket.socket:
    """A socket on a free port of loopback. As of uvicorn's own sockets, small writes do not wait for acknowledgements."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def announce(listener: socket.socket) -> None:
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)


def serve(app: FastAPI) -> None:
    """Serve as `uvicorn module:app` does, without a line for each request."""
    with listen() as listener:
        announce(listener)
        uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listener])
