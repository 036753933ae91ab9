"""The tags and code fences in which models write calls."""

import re

_WORDS = "tool_calls?|toolcall|tool_use|function_calls?|functioncall|tools"
OPENING_TAGS = (
    *(
        "<tool_call>",
        "<tool_calls>",
        "<toolcall>",
        "<tool_use>",
        "<function_call>",
        "<function_calls>",
        "<functioncall>",
    ),
    *("<tools>", "<|tool_call|>", "<|tool_calls|>", "<|tool_call_start|>", "<|python_tag|>"),
    *("[tool_calls]", "[tool_call]", "<function=", "<invoke "),
)
OPENING = re.compile(
    rf"<(?:{_WORDS})>|<\|(?:tool_calls?|tool_call_start|python_tag)\|>|\[tool_calls?\]|<function=|<invoke ",
    re.IGNORECASE,
)
CLOSING = re.compile(
    rf"</(?:{_WORDS}|function|invoke)>|<\|/?(?:tool_calls?|tool_call_end|eom_id|eot_id)\|>|\[/tool_calls?\]",
    re.IGNORECASE,
)
TAG_BEGUN = re.compile(r"</?\|?/?[a-z_|]{0,16}\Z|\[/?[a-z_]{0,10}\Z", re.IGNORECASE)
"""A tag inside a call that may still be completed."""
NAMED = re.compile(r"([A-Za-z_][\w.-]{0,63})\s*(?:\[ARGS\]\s*)?(?=\{)")
"""A name directly before its arguments, as Mistral's templates write it."""
NAMED_BEGUN = re.compile(r"[A-Za-z_][\w.-]{0,63}\s*(?:\[[A-Z]*\]?\s*)?\Z")
FUNCTION = re.compile(r"<function=([\w.-]{1,64})>(.*?)</function>", re.DOTALL | re.IGNORECASE)
PARAMETER = re.compile(r"<parameter=([\w.-]{1,64})>\n?(.*?)\n?</parameter>", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[ \t]*([\w-]{0,20})[ \t]*\n?\s*")
CALL_LANGUAGES = frozenset(
    {"", "json", "jsonc", "tool", "tool_call", "tool_calls", "tool_code", "function_call", "xml", "text"}
)


def begins_tag(text: str) -> bool:
    """Whether the text may become an opening tag."""
    return any(tag.startswith(text.lower()) for tag in OPENING_TAGS)
