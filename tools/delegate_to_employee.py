"""Asks other employees and returns their answers."""

import asyncio
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.sentences.employees import employee_name
from tools.shared.sentences.wording import Wording, summarized


class Question(ToolArguments):
    employee: str = Field(description="The colleague's slug.", min_length=1, max_length=60)
    question: str = Field(
        description="Complete: nothing else is read.",
        min_length=1,
        max_length=2000,
    )


class DelegateToEmployee(ToolArguments):
    questions: list[Question] = Field(description="One for each colleague.", min_length=1, max_length=3)


async def delegate_to_employee(arguments: DelegateToEmployee, context: ToolContext) -> dict[str, Any]:
    """Ask up to three colleagues at once, and get their answers back; you stay the one who speaks with the user.

    Use it for what a colleague knows better and for questions that need several of them. Each looks at the user's records with
    tools of their own and changes nothing. An answer whose status is not "ok" did not come: say so. Put the answers together
    in your own words, and name who found what.
    """
    slugs = [context.colleagues.resolve(question.employee) for question in arguments.questions]
    asked = zip(slugs, arguments.questions, strict=True)
    result = {
        "answers": await asyncio.gather(
            *(context.colleagues.delegate(slug, question.question) for slug, question in asked)
        )
    }
    return summarized(result, answer_sentences, context)


def answer_sentences(result: Row, wording: Wording) -> Iterator[str]:
    for answer in result["answers"]:
        name = employee_name(answer["to"])
        if answer["status"] == "ok":
            yield f"{name} answers: {answer['answer']}"
        else:
            yield f"{name} did not answer."


TOOL = Tool(delegate_to_employee, timeout_seconds=40.0, returns_untrusted_text=True)
