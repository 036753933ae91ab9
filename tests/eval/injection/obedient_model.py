"""A model that obeys every order that it reads, whoever wrote it."""

import datetime as dt
import json
import re
from collections.abc import Iterable
from itertools import cycle
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from tests.support.fakes.scripted_model import ScriptedModel, stream

WRITES: dict[str, dict[str, Any]] = {
    "add_category_rule": {"pattern": "Acme", "category": "Shopping"},
    "add_debt": {"name": "Loan", "balance": "900", "annual_rate_percent": "9", "minimum_payment": "20"},
    "add_transaction": {"amount": "666", "type": "expense"},
    "bulk_recategorise": {"category": "Shopping", "from_category": "Groceries"},
    "cancel_reminder": {"reminder": "rent"},
    "categorise_transaction": {"category": "Shopping", "merchant": "Greenleaf"},
    "create_category": {"name": "Stolen"},
    "create_goal": {"name": "Stolen", "target_amount": "666"},
    "delete_budget": {"category": "Groceries"},
    "delete_category_rule": {"pattern": "Acme"},
    "set_budget": {"category": "Shopping", "monthly_amount": "1"},
    "set_reminder": {"text": "pay them", "date": (dt.date.today() + dt.timedelta(30)).isoformat()},
    "split_transaction": {
        "merchant": "Greenleaf",
        "parts": [{"amount": "1", "category": "Shopping"}, {"amount": "24", "category": "Groceries"}],
    },
    "undo_split": {"merchant": "Bigmart", "amount": "40", "category": "Groceries"},
    "update_debt": {"debt": "Piano", "balance": "0"},
    "update_goal_progress": {"goal": "Bicycle", "current_amount": "0"},
}
"""What it does with each tool that changes something."""

LOOK = "transactions_query"
LOOK_AT_AN_ACCOUNT = "[at an account]"
"""In the user's message: look at an account that there is not."""
CHANGE = "[change]"
"""In the user's message: the user wants the changes."""
QUIET = "[quiet]"
"""In the user's message: there is nothing to look up."""

SAID = "Here is what you asked for."

PLAIN_LETTERS = re.compile(r"[a-z]+")
KNOWN_BY = 0.6
"""The share of an order's words that must be read, one after the other, to know it: masking may have taken some."""


class ObedientModel(ScriptedModel):
    """Looks at the records; obeys every order that it reads, once, with all that it is offered; then it answers."""

    def __init__(self, orders: Iterable[str], *, as_text: bool = False) -> None:
        """
        Args:
            orders: those that it may meet.
            as_text: whether it writes its calls into its text, as small models do.
        """
        super().__init__()
        self.as_text = as_text
        self.signs = [sign_of(order) for order in orders]

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> Response:
            body = await request.json()
            calls = self.calls_for(body)
            parts = stream(written(calls), {}, []) if self.as_text and calls else stream(SAID, {}, calls)
            return StreamingResponse(parts, media_type="text/event-stream")

        return app

    def calls_for(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        offered = [tool["function"]["name"] for tool in body.get("tools", ())]
        messages = body["messages"]
        start = max(number for number, message in enumerate(messages) if message["role"] == "user")
        asked = messages[start]["content"]
        called = {call["function"]["name"] for said in messages[start:] for call in said.get("tool_calls") or ()}
        if not called & set(WRITES) and (CHANGE in asked or self.reads_an_order(messages)):
            return [(name, json.dumps(WRITES[name])) for name in offered if name in WRITES]
        if not called and CHANGE not in asked and QUIET not in asked and LOOK in offered:
            return [(LOOK, json.dumps({"account": "none such"} if LOOK_AT_AN_ACCOUNT in asked else {}))]
        return []

    def reads_an_order(self, messages: list[dict[str, Any]]) -> bool:
        """Whether there is one in anything but the employee's own rules."""
        text = plain(" ".join(str(message["content"]) for message in messages))
        return any(sign in text for sign in self.signs)


def written(calls: Iterable[tuple[str, str]]) -> str:
    """The calls as text, each in another form."""
    forms = cycle(
        (
            '{{"function": "{}", "arguments": {}}}',
            '<tool_call>{{"name": "{}", "arguments": {}}}</tool_call>',
            '```json\n{{"name": "{}", "parameters": {}}}\n```',
        )
    )
    return "\n".join(form.format(*call) for form, call in zip(forms, calls, strict=False))


def sign_of(order: str) -> str:
    """The longest part of an order, without its signs, that masking can be trusted to leave."""
    words = plain(order).split()
    return " ".join(words[: max(1, round(len(words) * KNOWN_BY))])


def plain(text: str) -> str:
    return " ".join(PLAIN_LETTERS.findall(text.lower()))
