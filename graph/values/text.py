"""Text that Postgres and JSON can store: Postgres accepts no NUL, and UTF-8 no lone surrogate."""

from typing import Any


def storable(text: str) -> str:
    """The text without NUL and lone surrogates. A pair of surrogates becomes the character that it encodes."""
    text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return text


def storable_json(value: Any) -> Any:
    """A JSON value in which every text, field names included, is storable."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(name): storable_json(item) for name, item in value.items()}
        case list():
            return [storable_json(item) for item in value]
        case _:
            return value
