r"""Replaces tokens by their values.

A model does not always repeat `[CARD_7K3Q9D]` as it read it. These spellings are the same token: brackets or
underscore escaped for Markdown (`\[CARD\_7K3Q9D\]`), small letters within brackets, and, in capitals, no brackets at
all or other ones (`<CARD_7K3Q9D>` keeps its own). What stands around a token (asterisks, backticks, quotes, 's, a plural s)
stays. A token with something else in it (a space, a line's end, a character that shows nothing, another character in place of
one) is no token: no model was seen to write that, and each form that is accepted is one more that could be guessed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graph.redaction.links.urls import is_inside_url
from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.json_strings import strings_in, with_strings
from graph.redaction.values.placeholders import ALPHABET, CODE, CODE_LENGTH

LOOSE_ENTITY_TYPE = "[A-Za-z]{2,12}"
LOOSE_CODE = f"[{ALPHABET}{ALPHABET.lower()}]"
KNOWN_ENTITY_TYPES = "|".join(sorted(ENTITY_TYPES, key=lambda entity_type: (-len(entity_type), entity_type)))
_BODY = rf"({LOOSE_ENTITY_TYPE})\\?_({LOOSE_CODE}{{{CODE_LENGTH}}})"
TOKEN_PATTERNS = (
    rf"\\\[{_BODY}\\\]",
    rf"\[{_BODY}\\?\]",
    rf"({KNOWN_ENTITY_TYPES})\\?_({CODE})",
)
"""With brackets that are escaped, with others, and without. None looks at what stands around it: a text may be restored piece
by piece."""

_TOKEN = re.compile("|".join(TOKEN_PATTERNS))


def tokens_in(text: str) -> set[str]:
    """The tokens in a text, in the form in which they were issued."""
    return {_issued(match) for match in token_matches(text)}


def token_matches(text: str) -> Iterator[re.Match[str]]:
    """The matches of the tokens in a text, in any spelling."""
    return _TOKEN.finditer(text) if "_" in text else iter(())


def entity_type_of(match: re.Match[str]) -> str:
    """The kind of the value behind a token."""
    return next(group for group in match.groups() if group).upper()


def unmask(text: str, values: Mapping[str, str]) -> str:
    """Replace the tokens that have a value and stand in no address, once: a value that looks like a token stays as it is."""

    def value_of(match: re.Match[str]) -> str:
        value = values.get(_issued(match))
        return match[0] if value is None or is_inside_url(text, *match.span()) else value

    return _TOKEN.sub(value_of, text)


def unmask_json(data: Any, values: Mapping[str, str]) -> Any:
    """Restore all strings of a JSON value but the names of its fields."""
    return with_strings(data, [unmask(text, values) for text in strings_in(data)])


def _issued(match: re.Match[str]) -> str:
    entity_type, code = (group for group in match.groups() if group)
    return f"[{entity_type.upper()}_{code.upper()}]"
