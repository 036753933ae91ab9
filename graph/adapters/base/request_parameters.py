"""Parameters of a request that a model or its server does not accept."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import openai

FORMER_NAMES = {"max_completion_tokens": "max_tokens"}
"""Former name of a parameter, for servers that do not know the current one."""

REFUSED_VALUE = re.compile(r"too large|too high|at most|at least|less than|greater than|context length|exceed")
"""A refusal that matches rejects the value of a parameter, not the parameter."""

MAX_READ_CHARS = 2_000
"""Characters of a refusal that are searched for a parameter's name."""


def without_refused(request: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    """The request without the parameters that a model refuses; a former name replaces a refused current one."""
    body = {name: value for name, value in request.items() if name not in refused}
    for name, other in FORMER_NAMES.items():
        if name in request and name in refused and other not in refused:
            body[other] = request[name]
    return body


def refused_parameter(error: openai.APIStatusError, body: Mapping[str, Any], optional: Sequence[str]) -> str | None:
    """The optional parameter that a server refuses by name; None if it refuses something else, or only the value."""
    text = f"{error.message} {error.body or ''}"[:MAX_READ_CHARS].lower()
    if REFUSED_VALUE.search(text):
        return None
    sent = [name for name in optional if name in body]
    if error.param in sent:
        return error.param
    return next((name for name in sent if re.search(rf"\b{name}\b", text)), None)
