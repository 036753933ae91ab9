"""The strings inside a JSON value, so that they can be masked or restored together in one call."""

from collections.abc import Iterable, Iterator
from typing import Any


def strings_in(data: Any) -> list[str]:
    """All strings at any depth, in order, without the names of fields."""
    return list(_strings(data))


def with_strings(data: Any, texts: Iterable[str]) -> Any:
    """A copy in which the strings, in the order of `strings_in`, are replaced by these texts.

    Raises:
        ValueError: there are more texts than strings, or fewer.
    """
    supply = iter(texts)
    copy = _copy(data, supply)
    if next(supply, None) is not None:
        raise ValueError("There are more texts than strings.")
    return copy


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _strings(value)


def _copy(data: Any, supply: Iterator[str]) -> Any:
    if isinstance(data, str):
        if (text := next(supply, None)) is None:
            raise ValueError("There are fewer texts than strings.")
        return text
    if isinstance(data, dict):
        return {name: _copy(value, supply) for name, value in data.items()}
    return [_copy(value, supply) for value in data] if isinstance(data, list | tuple) else data
