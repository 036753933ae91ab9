"""Replacing values by tokens."""

from collections.abc import Sequence

from graph.redaction.values.detection import Finding


def mask(text: str, findings: Sequence[Finding], tokens: Sequence[str]) -> str:
    """Put the tokens in the places of the findings, which stand in the order of the text and do not overlap.

    The text is put together from pieces of the original, so no replacement moves the next one's offsets.

    Raises:
        ValueError: findings overlap or are out of order, or there are not as many tokens.
    """
    pieces, last = [], 0
    for finding, token in zip(findings, tokens, strict=True):
        if finding.start < last:
            raise ValueError("Findings must stand in order and must not overlap.")
        pieces += [text[last : finding.start], token]
        last = finding.end
    return "".join([*pieces, text[last:]])
