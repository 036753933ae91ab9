"""What a test compares: the values that are masked, and what is left of a text."""

from graph.redaction.detection.detect import find


def masked(text: str) -> list[str]:
    """The values that are found, in their order."""
    return [finding.value for finding in find(text)]


def left(text: str) -> str:
    """The letters and digits that are not masked."""
    hidden = {place for finding in find(text) for place in range(finding.start, finding.end)}
    return "".join(character for place, character in enumerate(text) if place not in hidden and character.isalnum())
