"""The chat: from the command line to its end."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from urllib.parse import urlsplit

from rich.text import Text

from graph.errors import ChatError, ConfigurationError, Unauthenticated
from graph.settings import Settings
from graph.terminal.api import ChatApi
from graph.terminal.conversation import Conversation
from graph.terminal.environment import read_environment
from graph.terminal.local_service import local_service
from graph.terminal.printable import one_line
from graph.terminal.screen import EndOfInput, Screen
from graph.terminal.slash_commands import LeaveChat, SlashCommands

PROMPT = "> "
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EXAMPLES = (
    "How much did I spend on groceries last month?",
    "Where does my money go?",
    "What is my account balance?",
)
"""Questions to begin with, each of which the data of the demo user answers."""
INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended."""


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What the command line says."""

    question: str = ""
    """The only question to ask; empty for a conversation."""
    url: str = ""
    """The address of a running service; empty for the one of the settings."""
    token: str = ""
    employee: str = ""


def run_chat(settings: Settings, options: ChatOptions, issue_token: Callable[[], str]) -> int:
    """Run the chat and return its exit code: 0, or 1 if an answer failed.

    Args:
        settings: where the service listens, or is to be started.
        options: the command line.
        issue_token: makes a token of the local issuer.

    Raises:
        ChatError: there is no service to talk to.
    """
    screen = Screen.of_process()
    try:
        with (
            ended_by_signals(),
            service_address(settings, options, screen) as address,
            ChatApi(address, choose_token(settings, options, address, issue_token)) as api,
        ):
            conversation = Conversation(api, screen, read_environment(), settings.data_dir / "downloads")
            return converse(conversation, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe is gone. What Python would still write at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        screen.stop_waiting()


@contextmanager
def service_address(settings: Settings, options: ChatOptions, screen: Screen) -> Iterator[str]:
    """The address of the service to talk to, which is started if it has to be."""
    if options.url:
        if urlsplit(options.url).scheme not in ("http", "https") or not urlsplit(options.url).hostname:
            raise ConfigurationError("--url must be an address such as https://chat.example.")
        yield options.url.rstrip("/")
        return
    with local_service(settings, screen.wait) as address:
        screen.stop_waiting()
        yield address


def choose_token(settings: Settings, options: ChatOptions, address: str, issue_token: Callable[[], str]) -> str:
    """The token of the command line or the environment, or one of the local issuer for a service on this machine.

    Raises:
        ConfigurationError: a token is needed and there is none.
    """
    if options.token:
        return options.token
    if settings.chat_token:
        return settings.chat_token.get_secret_value()
    if options.url and urlsplit(address).hostname not in LOOPBACK:
        raise ConfigurationError("A service elsewhere needs a token: set CHAT_TOKEN, or pass --token.")
    return issue_token()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Leave in order when the terminal closes or the process gets a signal to end, so that a started service ends too."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    former = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def converse(conversation: Conversation, options: ChatOptions) -> int:
    """Ask the one question, or every line of the input; return the exit code."""
    screen = conversation.screen
    commands = SlashCommands(conversation, screen)
    welcome(conversation, options)
    screen.complete_with(commands.candidates)
    if options.employee and not commands.run(f"/as {options.employee}"):
        return 1
    if options.question:
        return 0 if conversation.answer(options.question) else 1
    succeeded = True
    try:
        while True:
            if line := read_message(screen):
                succeeded = (commands.run(line) if line.startswith("/") else conversation.answer(line)) and succeeded
                screen.end_turn()
    except (LeaveChat, EndOfInput):
        return 0 if succeeded or screen.is_terminal else 1


def read_message(screen: Screen) -> str:
    """The next line. Ctrl-C empties it; a second one leaves.

    Raises:
        EndOfInput: there is none, or the user leaves.
    """
    try:
        return screen.read_line(PROMPT)
    except KeyboardInterrupt:
        screen.print()
        screen.note("Ctrl-C again leaves; /help lists what else there is")
    try:
        return screen.read_line(PROMPT)
    except KeyboardInterrupt:
        screen.print()
        raise EndOfInput from None


def welcome(conversation: Conversation, options: ChatOptions) -> None:
    """Test that the service takes the token. In a terminal, say where the user is, and what can be asked."""
    try:
        employees = conversation.api.employees()
    except Unauthenticated:
        raise ChatError(
            f"The service at {conversation.api.address} does not accept the token. If it was started with another DATA_DIR, "
            "run this with the same one; otherwise sign in again and set CHAT_TOKEN."
        ) from None
    conversation.emojis = {employee["slug"]: one_line(employee["emoji"]) for employee in employees}
    screen = conversation.screen
    if not screen.is_terminal or options.question:
        return
    screen.print(Text.assemble(("Chat", "bold"), f" with {len(employees)} employees at {conversation.api.address}"))
    screen.note("/help lists the commands, Ctrl-C stops an answer, /quit leaves.")
    if not options.employee:
        screen.note("Ask, for example:")
        for example in EXAMPLES:
            screen.note(f"  {example}")
    screen.print()
