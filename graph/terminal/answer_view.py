"""One answer as it is drawn: words while they stream, tables and files when it is complete."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.terminal.api import Event
from graph.terminal.printable import one_line, one_line_arguments
from graph.terminal.screen import Screen
from graph.terminal.tables import Table, adds_to, render_table, table_from

FINISHES = {
    "length": "The answer reached its maximum length.",
    "refusal": "The model refused to go on.",
}


@dataclass
class AnswerView:
    """Draws the events of one turn, and collects what its end needs."""

    screen: Screen
    emojis: Mapping[str, str] = field(default_factory=dict)
    """By the employee's slug."""
    employee: str = ""
    """The slug of the employee who speaks."""
    approvals: list[Event] = field(default_factory=list)
    """The calls that wait for a decision."""
    files: list[Mapping[str, Any]] = field(default_factory=list)
    """The `display` of each file that a tool made."""

    def __post_init__(self) -> None:
        self._words = self.screen.text()
        self._heading_due = True
        self._answer = ""
        self._tables: list[Table] = []
        self._citations: list[str] = []
        self._decided: set[str] = set()

    def draw(self, event: Event) -> None:
        """Draw one event. An event of an unknown type is passed over: later versions of the service may send more."""
        drawers: dict[str, Callable[[Event], None]] = {
            "start": self._draw_start,
            "text": self._draw_text,
            "tool_call": self._draw_tool_call,
            "tool_result": self._draw_tool_result,
            "approval_required": self._collect_approval,
            "citation": self._collect_citation,
            "handoff": self._draw_handoff,
            "delegate": self._draw_delegate,
            "restart": self._draw_restart,
            "done": self._draw_done,
            "error": self._draw_error,
        }
        if drawer := drawers.get(event["type"]):
            drawer(event)

    def take_approvals(self) -> list[Event]:
        """The calls that wait and were not returned before."""
        taken, self.approvals = self.approvals, []
        self._decided |= {approval["approval_id"] for approval in taken}
        return taken

    def end_words(self) -> None:
        """End the line of the streamed words."""
        self.screen.stop_waiting()
        self._words.close()

    def _draw_start(self, event: Event) -> None:
        self.employee = event["employee"]["slug"]
        self._draw_heading()
        self.screen.wait(f"{self.employee} is thinking")

    def _draw_heading(self) -> None:
        """The name of the employee who begins to speak."""
        if self._heading_due:
            self._heading_due = False
            self.screen.note(f"{self.emojis.get(self.employee, '')} {self.employee}".strip(), "bold cyan")

    def _draw_text(self, event: Event) -> None:
        self.screen.stop_waiting()
        self._draw_heading()
        self._answer += event["content"]
        self._words.write(event["content"])

    def _draw_tool_call(self, event: Event) -> None:
        self.end_words()
        self._draw_heading()
        tool = event["tool"]
        self.screen.note(f"· {tool['name']}({one_line_arguments(tool.get('args') or {})})")
        self.screen.wait(f"{tool['name']} is running")

    def _draw_tool_result(self, event: Event) -> None:
        self.end_words()
        self._answer = ""
        result, display = event.get("result"), event.get("display")
        if isinstance(result, Mapping) and result.get("error"):
            self.screen.note(f"  ✗ {one_line(result['error'])}", "dim red")
        if isinstance(display, Mapping) and display.get("file_id"):
            self.files.append(display)
        elif table := table_from(result, display):
            self._tables.append(table)
        self.screen.wait(f"{self.employee} is thinking")

    def _collect_approval(self, event: Event) -> None:
        if event["approval_id"] not in self._decided:
            self.approvals.append(event)

    def _collect_citation(self, event: Event) -> None:
        self._citations.append(f"{event['marker']} {event['source']}")

    def _draw_handoff(self, event: Event) -> None:
        self.end_words()
        self.employee = event["to"]
        self._heading_due = True
        reason = f": {one_line(event['reason'])}" if event.get("reason") else ""
        self.screen.note(f"→ {event['from']} hands over to {event['to']}{reason}")
        self.screen.wait(f"{self.employee} is thinking")

    def _draw_delegate(self, event: Event) -> None:
        self.end_words()
        status = "" if event.get("status") == "ok" else f" ({event.get('status')})"
        self.screen.note(f"→ {event['from']} asked {event['to']}{status}: {one_line(event['question'])}")
        self.screen.wait(f"{self.employee} is thinking")

    def _draw_restart(self, event: Event) -> None:
        self.end_words()
        if self._answer:
            self.screen.note("↻ the answer begins again; what stands above is void")
        self._answer = ""
        self._heading_due = True
        self._tables.clear()
        self._citations.clear()
        self.files.clear()
        self.approvals.clear()

    def _draw_done(self, event: Event) -> None:
        self.end_words()
        if event["status"] == "waiting":
            return
        for table in self._tables:
            if adds_to(self._answer, table):
                self.screen.print()
                self.screen.print(render_table(table, self.screen.columns))
        self._tables.clear()
        for citation in self._citations:
            self.screen.note(citation)
        if event["status"] == "stopped":
            self.screen.note("■ stopped")
        if finish := FINISHES.get(event.get("finish", "")):
            self.screen.note(finish, "yellow")
        if amounts := event.get("untraced_amounts"):
            self.screen.note(f"No data of this turn accounts for: {one_line(amounts)}", "yellow")

    def _draw_error(self, event: Event) -> None:
        self.end_words()
        self.screen.error(event["error"])
