"""The HTTP API of the service, as the terminal uses it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from graph.errors import ChatError, ServiceUnavailable, Unauthenticated, error_from_code

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 45.0
"""A stream is taken for dead after this time. The service sends a comment every 15 seconds."""

Event = dict[str, Any]
"""One event of a run, as the API documents it."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to send."""

    text: str
    idempotency_key: str
    session_id: str | None = None
    employee: str | None = None
    """The slug of the employee who answers; None for the session's employee."""


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file that a tool made."""

    name: str
    media_type: str
    content: bytes


class ChatApi:
    """A signed-in client of one service.

    Every method raises a `ChatError` for a request that the service refuses, and `ServiceUnavailable` where it cannot be
    reached. The two that stream raise `httpx.TransportError` instead, since their reader can connect again.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._http = httpx.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, message: NewMessage) -> Iterator[tuple[str, Event]]:
        """Send a message; yield the id of each event, and the event, until the connection ends."""
        body = {"message": message.text, "session_id": message.session_id, "employee_slug": message.employee}
        yield from self._events(
            "POST",
            "/api/chat",
            json={name: value for name, value in body.items() if value},
            headers={"Idempotency-Key": message.idempotency_key},
        )

    def follow(self, run_id: str, last_event_id: str) -> Iterator[tuple[str, Event]]:
        """Yield the events of a run after the one with this id, as `send` does."""
        yield from self._events("GET", f"/api/runs/{run_id}/events", headers={"Last-Event-ID": last_event_id})

    def stop(self, run_id: str) -> None:
        """Stop a run. A run that has ended is not changed."""
        self._request("POST", f"/api/runs/{run_id}/stop")

    def decide(self, run_id: str, approval_id: str, decision: Mapping[str, Any]) -> None:
        """Decide on a call that waits for approval."""
        self._request("POST", f"/api/runs/{run_id}/approvals/{approval_id}", json=decision)

    def employees(self) -> list[dict[str, Any]]:
        """All employees."""
        items: list[dict[str, Any]] = self._request("GET", "/api/employees").json()["items"]
        return items

    def employee(self, name: str) -> dict[str, Any]:
        """The employee with this slug or alias."""
        card: dict[str, Any] = self._request("GET", f"/api/employees/{name}").json()
        return card

    def download(self, file_id: str) -> DownloadedFile:
        """A file that a tool made for the user."""
        response = self._request("GET", f"/api/files/{file_id}")
        disposition = response.headers.get("content-disposition", "")
        name = unquote(disposition.partition("filename*=UTF-8''")[2]) or file_id
        return DownloadedFile(name, response.headers.get("content-type", ""), response.content)

    def unreachable(self) -> ServiceUnavailable:
        """The error for a service that does not answer."""
        return ServiceUnavailable(
            f"The service at {self.address} cannot be reached. Look whether it runs, then try again."
        )

    def _request(self, method: str, path: str, **fields: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **fields)
        except httpx.TransportError:
            raise self.unreachable() from None
        raise_for_refusal(response)
        return response

    def _events(self, method: str, path: str, **fields: Any) -> Iterator[tuple[str, Event]]:
        with connect_sse(self._http, method, path, **fields) as source:
            if source.response.is_error:
                source.response.read()
            raise_for_refusal(source.response)
            for frame in source.iter_sse():
                if event := parse_event(frame):
                    yield frame.id, event


def parse_event(frame: ServerSentEvent) -> Event | None:
    """The event in a frame; None for a frame without data, which a comment makes."""
    if not frame.data:
        return None
    event = json.loads(frame.data)
    return event if isinstance(event, dict) else None


def raise_for_refusal(response: httpx.Response) -> None:
    """Raise the error that the service answered with.

    Raises:
        ChatError: the response is not a success.
    """
    if response.is_success:
        return
    try:
        fault = response.json()["error"]
        code, message = str(fault["code"]), str(fault["message"])
    except (ValueError, KeyError, TypeError):
        raise foreign_error(response) from None
    raise error_from_code(code, message)


def foreign_error(response: httpx.Response) -> ChatError:
    """The error for a response that is not one of the service's own, such as a proxy's."""
    if response.status_code == Unauthenticated.status:
        return Unauthenticated()
    if response.status_code >= 500:
        return ServiceUnavailable(f"The service is not ready (HTTP {response.status_code}); try again in a moment.")
    return ChatError(f"What answers at this address is not the chat service (HTTP {response.status_code}): see --url.")
