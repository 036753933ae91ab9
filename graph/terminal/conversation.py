"""One conversation: messages, answers, decisions and files."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from uuid import uuid4

from graph.errors import ApprovalDecided, ApprovalExpired, ChatError, InvalidRequest, RunActive
from graph.terminal.answer_view import AnswerView
from graph.terminal.api import ChatApi, Event, NewMessage
from graph.terminal.approvals import ApprovalDialog, StopRequested
from graph.terminal.downloads import store_download
from graph.terminal.environment import TerminalEnvironment
from graph.terminal.event_stream import EventStream
from graph.terminal.pictures import PNG, picture_sequence
from graph.terminal.printable import one_line
from graph.terminal.screen import Screen

UNATTENDED = "The input ended before this was decided, so it is rejected. Put y, n or e on the line after the question."


@dataclass
class Conversation:
    """Sends messages to one session of the service, and draws what comes back."""

    api: ChatApi
    screen: Screen
    environment: TerminalEnvironment
    downloads: Path
    """The folder for the files that tools make."""
    employee: str | None = None
    """The slug of the employee who is to answer the next message; None for the session's employee."""
    session_id: str | None = None
    emojis: dict[str, str] = field(default_factory=dict)
    """The emoji of each employee, by slug."""
    is_unattended: bool = False
    """Whether the input ended before a call was decided."""
    _unfinished: EventStream | None = None
    """The answer that may still be going on at the service."""

    def answer(self, text: str) -> bool:
        """Send a message, draw its answer, and ask for the decisions that it needs. Return whether it succeeded."""
        stream = EventStream(self.api, lambda: self.screen.note("the connection is lost; connecting again …"))
        view = AnswerView(self.screen, self.emojis)
        former, self._unfinished = self._unfinished, stream
        message = NewMessage(text, uuid4().hex, self.session_id, self.employee)
        try:
            last = self._draw(stream, stream.send(message), view)
            while last and last["type"] == "done" and last["status"] == "waiting":
                if not self._decide_all(stream.run_id, view):
                    return False
                last = self._draw(stream, stream.follow(), view)
        except KeyboardInterrupt:
            view.end_words()
            self.screen.note("no longer waiting for the answer; /stop ends it at the service")
            return False
        except RunActive:
            self._unfinished = former
            self.screen.error("The former answer of this conversation is still going on: /stop ends it.")
            return False
        except ChatError as error:
            view.end_words()
            self.screen.error(error.message)
            return False
        self._unfinished = None
        self._store_files(view)
        return last is not None and last["type"] == "done" and not self.is_unattended

    def stop(self) -> bool:
        """Stop the answer that may still be going on, and wait for its end. Return whether there is one."""
        stream, self._unfinished = self._unfinished, None
        if stream is None or not stream.run_id:
            return False
        self.api.stop(stream.run_id)
        for _ in stream.follow():
            pass
        return True

    def begin_session(self) -> None:
        """Let the next message begin a new conversation."""
        self.session_id = self._unfinished = None

    def _draw(self, stream: EventStream, events: Iterator[Event], view: AnswerView) -> Event | None:
        last: Event | None = None
        self.screen.wait("sending")
        with interrupts_stop(lambda: stream.run_id, self.api.stop) as stop_if_asked:
            for last in events:
                if last["type"] == "start":
                    self.session_id, self.employee = last["session_id"], None
                    stop_if_asked()
                view.draw(last)
        return last

    def _decide_all(self, run_id: str, view: AnswerView) -> bool:
        """Ask for each decision and send it. Return whether more of the run follows."""
        dialog = ApprovalDialog(self.screen, self.environment.editor)
        for approval in view.take_approvals():
            dialog.introduce(approval)
            try:
                self._decide(run_id, approval, dialog)
            except (StopRequested, KeyboardInterrupt):
                self.api.stop(run_id)
                return True
            except ApprovalDecided as error:
                self.screen.error(error.message)
            except ApprovalExpired as error:
                self.screen.error(error.message)
                return False
        return True

    def _decide(self, run_id: str, approval: Event, dialog: ApprovalDialog) -> None:
        """Send the user's decision, asked for again while the service refuses its arguments."""
        while True:
            decision = dialog.decide(approval)
            if decision.is_unattended:
                self.is_unattended = True
                self.screen.error(UNATTENDED)
            try:
                self.api.decide(run_id, approval["approval_id"], decision.body)
            except InvalidRequest as error:
                self.screen.error(error.message)
            else:
                return

    def _store_files(self, view: AnswerView) -> None:
        """Download the files of the answer and say where they are."""
        for display in view.files:
            try:
                file = self.api.download(str(display["file_id"]))
                path = store_download(file, self.downloads)
            except (ChatError, OSError) as error:
                reason = error.message if isinstance(error, ChatError) else type(error).__name__
                self.screen.error(f"{one_line(display.get('title'))} could not be stored in {self.downloads}: {reason}")
                continue
            if self.environment.picture_protocol and self.screen.is_terminal and file.media_type == PNG:
                self.screen.write_raw(picture_sequence(file.content, self.environment.picture_protocol))
            self.screen.print_path(path)


@contextmanager
def interrupts_stop(run_id: Callable[[], str], stop: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Let Ctrl-C stop the run, and a second Ctrl-C leave it.

    The request to stop is sent by a thread of its own, so that the stream is read on to its end. The yielded function sends it
    if Ctrl-C came before the run's id was known.
    """
    asked = threading.Event()
    sent = threading.Event()

    def stop_if_asked() -> None:
        if asked.is_set() and run_id() and not sent.is_set():
            sent.set()
            threading.Thread(target=request_stop, args=(run_id(), stop), daemon=True).start()

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        stop_if_asked()

    former = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, former)


def request_stop(run_id: str, stop: Callable[[str], None]) -> None:
    """Send the request. If it fails, the answer goes on, and a second Ctrl-C leaves it."""
    try:
        stop(run_id)
    except ChatError:
        return
