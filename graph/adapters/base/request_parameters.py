"""Parameters of a request that a model or its server does not accept."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import openai

OTHER_NAMES = {"max_completion_tokens": "max_tokens"}
"""What a parameter is called by servers that do not know its present name."""

REFUSED_VALUE = re.compile(r"too large|too high|at most|at least|less than|greater than|context length|exceed")
"""How a server says that it knows a parameter and wants another number."""

READ_CHARS = 2_000
"""Characters of a refusal in which a parameter's name is looked for."""


def without(request: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    """A request as a model takes it that refuses these parameters."""
    body = {name: value for name, value in request.items() if name not in refused}
    for name, other in OTHER_NAMES.items():
        if name in request and name in refused and other not in refused:
            body[other] = request[name]
    return body


def refused_parameter(error: openai.APIStatusError, body: Mapping[str, Any], optional: Sequence[str]) -> str | None:
    """The optional parameter of a request that a server refuses by its name; none if it refuses something else, or only the
    parameter's value."""
    text = f"{error.message} {error.body or ''}"[:READ_CHARS].lower()
    if REFUSED_VALUE.search(text):
        return None
    sent = [name for name in optional if name in body]
    if error.param in sent:
        return error.param
    return next((name for name in sent if re.search(rf"\b{name}\b", text)), None)
