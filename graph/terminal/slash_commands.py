"""The commands that begin with a slash."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from graph.errors import ChatError, NotFound
from graph.terminal.conversation import Conversation
from graph.terminal.printable import one_line
from graph.terminal.screen import Screen

HELP = (
    ("/employees", "list the employees, and what each one is for"),
    ("/as NAME", "let this employee answer: /as budget-master"),
    ("/new", "begin a new conversation"),
    ("/stop", "stop an answer that is still going on"),
    ("/help", "list these commands"),
    ("/quit", "leave; so does Ctrl-D, and Ctrl-C twice"),
)
KEYS = "Ctrl-C stops an answer. Everything else that you type is a message."


class LeaveChat(Exception):
    """The user leaves."""


@dataclass(frozen=True, slots=True)
class SlashCommands:
    """Carries out the commands. Each returns whether it succeeded."""

    conversation: Conversation
    screen: Screen

    def candidates(self, line: str) -> list[str]:
        """The words that may stand at the end of a line: a command, or the name of an employee after `/as`."""
        word, space, _ = line.partition(" ")
        if not space:
            return [name.partition(" ")[0] + " " * (" " in name) for name, _ in HELP]
        return sorted(self.conversation.emojis) if word == "/as" else []

    def run(self, line: str) -> bool:
        """Carry out a line that begins with a slash.

        Raises:
            LeaveChat: it is /quit.
        """
        word, _, argument = line.partition(" ")
        commands: dict[str, Callable[[str], bool]] = {
            "/employees": self._list_employees,
            "/as": self._choose_employee,
            "/new": self._begin_session,
            "/stop": self._stop,
            "/help": self._list_commands,
            "/quit": self._leave,
            "/exit": self._leave,
        }
        command = commands.get(word.lower())
        if command is None:
            self.screen.error(f"There is no command {one_line(word)}; /help lists them.")
            return False
        try:
            return command(argument.strip())
        except ChatError as error:
            self.screen.error(error.message)
            return False

    def _list_employees(self, _: str) -> bool:
        table = Table(box=None, show_header=False, pad_edge=False)
        for employee in self.conversation.api.employees():
            slug, title = one_line(employee["slug"]), one_line(employee["title"])
            table.add_row(one_line(employee["emoji"]), Text(slug, "bold"), title)
        self.screen.print(table)
        return True

    def _choose_employee(self, name: str) -> bool:
        if not name:
            self.screen.error("Name an employee: /as budget-master. /employees lists all of them.")
            return False
        try:
            employee = self.conversation.api.employee(name)
        except NotFound:
            self.screen.error(f"There is no employee {one_line(name)}; /employees lists all of them.")
            return False
        self.conversation.employee = employee["slug"]
        self.screen.note(f"{employee['emoji']} {employee['slug']} answers now: {employee['title']}")
        if examples := employee.get("examples"):
            self.screen.note(f"  for example: {one_line(examples[0])}")
        return True

    def _begin_session(self, _: str) -> bool:
        self.conversation.begin_session()
        self.screen.note("a new conversation begins")
        return True

    def _stop(self, _: str) -> bool:
        stopped = self.conversation.stop()
        self.screen.note("■ stopped" if stopped else "no answer is going on")
        return True

    def _list_commands(self, _: str) -> bool:
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, meaning in HELP:
            table.add_row(Text(name, "bold"), meaning)
        self.screen.print(table)
        self.screen.print(Text(KEYS, "dim"))
        return True

    def _leave(self, _: str) -> bool:
        raise LeaveChat
