"""The decision on a call: what is shown of it, and y, n or e."""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from graph.terminal.api import Event
from graph.terminal.printable import one_line, one_line_arguments
from graph.terminal.screen import EndOfInput, Screen

MAX_CHANGES = 5
"""Changed rows that are shown of one call."""
PROMPT = "Do it? [y]es, [n]o, [e]dit > "
CHOICES = "Type y to do it, n to leave it (a reason may follow), or e to change the arguments first."

Choice = Literal["approve", "reject", "edit", "stop", "unknown"]
CHOICE_WORDS: dict[str, Choice] = {
    "y": "approve",
    "yes": "approve",
    "n": "reject",
    "no": "reject",
    "e": "edit",
    "edit": "edit",
    "/stop": "stop",
}


class StopRequested(Exception):
    """The user stops the answer rather than decide."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What `POST /api/runs/{run}/approvals/{id}` takes."""

    body: Mapping[str, Any]
    is_unattended: bool = False
    """Whether the input ended before the user decided."""


def describe_call(approval: Event) -> Iterator[str]:
    """Lines that say what the call would change."""
    preview = approval.get("preview") or {}
    yield f"{approval['tool']}({one_line_arguments(approval.get('args') or {})})"
    if isinstance(preview, Mapping):
        if preview.get("summary"):
            yield one_line(preview["summary"])
        changes = preview.get("changes") or []
        for change in changes[:MAX_CHANGES]:
            yield f"  {describe_change(change)}"
        if (hidden := int(preview.get("count") or len(changes)) - MAX_CHANGES) > 0:
            yield f"  and {hidden} more"
    if approval.get("reason"):
        yield one_line(approval["reason"])
    if expiry := local_time(approval.get("expires_at")):
        yield f"(it waits until {expiry})"


def describe_change(change: Any) -> str:
    """One changed row: its new values, or each value that changes, before and after."""
    if not isinstance(change, Mapping):
        return one_line(change)
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, Mapping):
        return f"+ {one_line(after)}"
    if not isinstance(after, Mapping):
        return f"- {one_line(before)}"
    unchanged = one_line_arguments({name: value for name, value in after.items() if before.get(name) == value})
    changed = [
        f"{one_line(name)}: {one_line(before.get(name))} → {one_line(value)}"
        for name, value in after.items()
        if before.get(name) != value
    ]
    return "~ " + ", ".join(changed) + (f" ({unchanged})" if unchanged else "")


def local_time(timestamp: object) -> str:
    """The time of day of an ISO timestamp where the user sits; empty for anything else."""
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone().strftime("%H:%M")
    except ValueError:
        return ""


class ApprovalDialog:
    """Asks the user for the decisions on calls."""

    def __init__(self, screen: Screen, editor: str) -> None:
        self._screen = screen
        self._editor = editor

    def introduce(self, approval: Event) -> None:
        """Show the call and its effect."""
        self._screen.paragraph("")
        first, *others = describe_call(approval)
        self._screen.paragraph(f"? {first}", "bold yellow")
        for line in others:
            self._screen.paragraph(f"  {line}")

    def decide(self, approval: Event) -> Decision:
        """The user's decision. In a pipe any line that is none of the choices is the next message, and rejects the call.

        Raises:
            StopRequested: the user stops the answer.
        """
        edited: Mapping[str, Any] | None = None
        while True:
            try:
                line = self._screen.read_line(PROMPT)
            except EndOfInput:
                return Decision({"decision": "reject"}, is_unattended=True)
            word, _, rest = line.partition(" ")
            choice = CHOICE_WORDS.get(word.lower(), "unknown")
            if choice == "approve" and not rest:
                return Decision({"decision": "approve", **({"arguments": edited} if edited is not None else {})})
            if choice == "reject":
                return Decision({"decision": "reject", **({"comment": rest.strip()[:1000]} if rest.strip() else {})})
            if choice == "stop":
                raise StopRequested
            if choice == "edit":
                edited = self._edit(edited if edited is not None else approval.get("args") or {}, rest.strip())
                if edited is not None and not self._screen.is_terminal:
                    return Decision({"decision": "approve", "arguments": edited})
            elif self._screen.is_terminal:
                self._screen.note(CHOICES)
            else:
                self._screen.push_back(line)
                return Decision({"decision": "reject"})

    def _edit(self, arguments: Mapping[str, Any], typed: str) -> Mapping[str, Any] | None:
        """The arguments as the user changes them; None if that is no JSON object."""
        try:
            text = typed or self._edited_text(arguments)
            changed = json.loads(text)
        except (ValueError, OSError, subprocess.SubprocessError, EndOfInput):
            changed = None
        if not isinstance(changed, dict):
            self._screen.error(
                'The arguments must be one JSON object, such as {"name": "Bicycle"}. Nothing is changed.'
            )
            return None
        self._screen.note(f"  with {one_line_arguments(changed)}")
        return changed

    def _edited_text(self, arguments: Mapping[str, Any]) -> str:
        """The text that the user's editor leaves, or one edited line where there is none."""
        if not self._screen.is_terminal or not self._editor:
            return self._screen.read_line("arguments > ", json.dumps(arguments, ensure_ascii=False))
        with tempfile.TemporaryDirectory(prefix="chat-") as folder:
            file = Path(folder) / "arguments.json"
            file.write_text(json.dumps(arguments, ensure_ascii=False, indent=2) + "\n", "utf-8")
            subprocess.run([*shlex.split(self._editor), str(file)], check=True)  # noqa: S603 - the user's own editor
            return file.read_text("utf-8")
