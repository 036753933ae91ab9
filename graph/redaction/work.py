"""What a worker process runs: cheap to import; the first call loads the analyzer, in about two seconds."""

import time
from collections.abc import Collection, Sequence

from graph.redaction.finding import Finding


def find_all(texts: Sequence[str], keep: Collection[str]) -> list[list[Finding]] | None:
    """The personal values of each text; None if anything went wrong, for an exception could hold a part of the text."""
    try:
        from graph.redaction.detect import find

        return [find(text, keep) for text in texts]
    except Exception:
        return None


def warm(seconds: float) -> bool:
    """Load the analyzer and stay busy for a moment, so that workers that are warmed together are different ones."""
    loaded = find_all(["Warm up with Jane Doe, +1 415 555 2671."], ()) is not None
    time.sleep(seconds)
    return loaded
