"""A server that leaks in several ways at once, for tests that see whether that is noticed.

python -m tests.audit.leaky_server

Worker processes import this file again, so nothing happens at import.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

    from graph.context import TurnContext
    from graph.state import Turn


def remove_guards() -> None:
    import structlog
    from fastapi.sse import EventSourceResponse

    from graph.adapters.postgres.conversation.sessions import PostgresSessions
    from graph.errors import NotFound
    from graph.redaction.links.link_sanitizer import LinkSanitizer
    from graph.web import sse
    from graph.web.routes import chat
    from nodes.redact import Redact

    log, redact, read = structlog.get_logger("graph.leaks"), Redact.__call__, PostgresSessions.read

    async def logs_the_text(self: Redact, state: "Turn", runtime: "Runtime[TurnContext]") -> "Turn":
        log.info("asked", text=runtime.context.text)
        return await redact(self, state, runtime)

    async def tells_foreign_from_unknown(self: PostgresSessions, user_id: str, session_id: str) -> Any:
        async with self.database.system_transaction() as connection:
            found = await connection.execute(b"select user_of(%(id)s) as user_id", {"id": session_id})
            [row] = await found.fetchall()
        if row["user_id"] and str(row["user_id"]) != user_id:
            raise NotFound("This session is somebody else's.")
        return await read(self, user_id, session_id)

    def may_be_cached(*stream: Any) -> EventSourceResponse:
        frames = sse.with_heartbeats(sse.unmasked_frames(*stream))
        return EventSourceResponse(frames, headers={"Cache-Control": "private, max-age=60"})

    for guarded, name, unguarded in (
        (Redact, "__call__", logs_the_text),
        (PostgresSessions, "read", tells_foreign_from_unknown),
        (LinkSanitizer, "push", lambda self, chunk: chunk),
        (chat, "event_stream", may_be_cached),
    ):
        setattr(guarded, name, unguarded)


if __name__ == "__main__":
    from graph.settings import read_settings
    from server import main

    remove_guards()
    main(read_settings())
