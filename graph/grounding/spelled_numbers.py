"""Numbers that are spelled out: `two hundred and fifty`."""

import re
from decimal import Decimal

from graph.grounding.currency_signs import any_of

UP_TO_19 = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
    ),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SPELLED = {word: value for value, word in enumerate(UP_TO_19)} | {word: 10 * tens for tens, word in enumerate(TENS, 2)}
LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6}
WORD = rf"(?:{any_of([*SPELLED, *LARGE])})"
WORDS = re.compile(rf"\b(?:a )?{WORD}\b(?:[ -](?:and )?{WORD}\b)*", re.IGNORECASE)


def spelled(words: str) -> Decimal | None:
    """The number that these words say; None for `hundred` alone, which is said of many."""
    said = [word for word in re.split(r"[ -]", words.lower()) if word != "and"]
    if said[0] in LARGE:
        return None
    total = current = 0
    for word in said:
        if word == "hundred":
            current = (current or 1) * 100
        elif word in LARGE:
            total, current = total + (current or 1) * LARGE[word], 0
        else:
            current += SPELLED.get(word, 0)
    return Decimal(total + current)
