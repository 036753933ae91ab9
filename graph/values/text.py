"""Text that every part of the system can hold: Postgres takes no NUL, and JSON in UTF-8 no lone surrogate."""

from typing import Any


def storable(text: str) -> str:
    """The text without NUL and lone surrogates; two that make up a character together become that character."""
    text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return text


def storable_json(value: Any) -> Any:
    """A JSON value with sound text in it, the names of its fields included."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(name): storable_json(item) for name, item in value.items()}
        case list():
            return [storable_json(item) for item in value]
        case _:
            return value
