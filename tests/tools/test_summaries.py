"""What each tool says in words: the summaries of every tool, for a household and for a user without rows.

The expected sentences stand in `summaries/<family>.txt`, to be read aloud. `ACCEPT_SUMMARIES=1` writes them anew.
"""

import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph.tool import SUMMARY, ToolContext
from graph.values.profile import EMPTY_PROFILE, Profile
from tests.support.household import add_household
from tests.support.ledgers import Ledger, UserRows
from tools.catalog import CATALOG, by_name

FOLDER = Path(__file__).parent / "summaries"
CASES: Mapping[str, Mapping[str, Any]] = yaml.safe_load((FOLDER / "cases.yaml").read_text("utf-8"))
"""By family: the tools, each with its cases by title: arguments, and who asks if it is not the household."""
MAX_SENTENCES = 4
SENTENCE_END = re.compile(r"[.?!](?= [A-Z“]|$)")


class Answering:
    """Port `Colleagues`: the first colleague answers, every other one is too late."""

    employee = "prime"

    def resolve(self, name: str) -> str:
        return name

    async def delegate(self, colleague: str, question: str) -> Mapping[str, Any]:
        status, answer = ("ok", "You have $12.50 left.") if colleague == "budget-master" else ("timeout", "")
        return {"from": self.employee, "to": colleague, "question": question, "status": status, "answer": answer}


async def summary_of(name: str, arguments: Mapping[str, Any], context: ToolContext) -> str:
    tool = by_name()[name]
    result = await tool.function(tool.arguments.model_validate(arguments), context)
    assert next(iter(result)) == SUMMARY, f"{name} has no summary before its other fields"
    return str(result[SUMMARY])


@pytest.mark.parametrize("family", list(CASES))
async def test_each_tool_says_what_it_found(
    family: str, ledger: Ledger, user: str, context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    nobody = replace(context, rows=rows_of(str(uuid.uuid4())))
    context = replace(context, colleagues=Answering(), profile=Profile(currency="USD"))
    users = {
        "without rows": nobody,
        "without a currency": replace(context, profile=EMPTY_PROFILE),
        "in Germany": replace(context, profile=Profile(currency="USD", locale="de-DE")),
    }
    await add_household(ledger, user)
    lines = []
    for tool, cases in CASES[family].items():
        lines.append(tool)
        for title, case in cases.items():
            text = await summary_of(tool, case.get("with", {}), users.get(case.get("user", ""), context))
            assert 1 <= len(SENTENCE_END.findall(text)) <= MAX_SENTENCES, text
            lines.append(f"  {title}: {text}")
        lines.append("")
    said, golden = "\n".join(lines), FOLDER / f"{family}.txt"
    if os.environ.get("ACCEPT_SUMMARIES"):
        golden.write_text(said, "utf-8")
    assert said == golden.read_text("utf-8")


def test_every_tool_is_asked() -> None:
    asked = {tool for family in CASES.values() for tool in family}
    assert asked == {tool.name for tool in CATALOG}
