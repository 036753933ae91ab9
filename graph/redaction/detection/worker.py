"""The entry points of worker processes. The first call loads the analyzer, in about two seconds."""

import time
import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from graph.redaction.values.detection import Detection


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in a worker, without the exception, whose text may contain personal values."""

    error: str
    """The name of the exception's type."""
    place: str
    """File and line that raised it."""


def detect_all(texts: Sequence[str], allowed_names: Collection[str]) -> list[list[Detection]] | Failure:
    """The personal values of each text."""
    try:
        from graph.redaction.detection.detect import detect

        return [detect(text, allowed_names) for text in texts]
    except Exception as error:  # noqa: BLE001 - the error's text may contain personal values
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(type(error).__name__, f"{last.filename}:{last.lineno}")


def warm(seconds: float) -> Failure | None:
    """Load the analyzer, and stay busy for `seconds` so that concurrent calls use different workers."""
    found = detect_all(["Warm up with Jane Doe, +1 415 555 2671."], ())
    time.sleep(seconds)
    return found if isinstance(found, Failure) else None
