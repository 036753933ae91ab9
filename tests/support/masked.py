"""What a test compares: the values that are masked, and what is left of a text."""

from graph.redaction.detection.detect import detect


def masked(text: str) -> list[str]:
    """The values that are found, in their order."""
    return [detection.value for detection in detect(text)]


def left(text: str) -> str:
    """The letters and digits that are not masked."""
    hidden = {place for detection in detect(text) for place in range(detection.start, detection.end)}
    return "".join(character for place, character in enumerate(text) if place not in hidden and character.isalnum())
