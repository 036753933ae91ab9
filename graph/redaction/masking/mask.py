"""Replaces detected values by tokens."""

from collections.abc import Sequence

from graph.redaction.values.detection import Detection


def mask(text: str, detections: Sequence[Detection], tokens: Sequence[str]) -> str:
    """Put the tokens in the places of the findings, which stand in the order of the text and do not overlap.

    The text is put together from pieces of the original, so no replacement moves the next one's offsets.

    Raises:
        ValueError: findings overlap or are out of order, or there are not as many tokens.
    """
    pieces, last = [], 0
    for detection, token in zip(detections, tokens, strict=True):
        if detection.start < last:
            raise ValueError("Findings must stand in order and must not overlap.")
        pieces += [text[last : detection.start], token]
        last = detection.end
    return "".join([*pieces, text[last:]])
