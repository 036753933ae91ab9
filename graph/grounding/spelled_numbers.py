"""Numbers that are spelled out: `two hundred and fifty`."""

import re
from decimal import Decimal

from graph.grounding.currency_signs import any_of

WORDS_TO_19 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORD_VALUES = {word: value for value, word in enumerate(WORDS_TO_19.split())}
WORD_VALUES |= {word: 10 * tens for tens, word in enumerate(TENS.split(), 2)}
MULTIPLIERS = {"hundred": 100, "thousand": 1000, "million": 10**6}
NUMBER_WORD = rf"(?:{any_of([*WORD_VALUES, *MULTIPLIERS])})"
NUMBER_WORDS = re.compile(rf"\b(?:a )?{NUMBER_WORD}\b(?:[ -](?:and )?{NUMBER_WORD}\b)*", re.IGNORECASE)


def parse_words(words: str) -> Decimal | None:
    """The number that the words spell; None for a bare `hundred`, which also means many."""
    parts = [word for word in re.split(r"[ -]", words.lower()) if word != "and"]
    if parts[0] in MULTIPLIERS:
        return None
    total = current = 0
    for word in parts:
        if word == "hundred":
            current = (current or 1) * 100
        elif word in MULTIPLIERS:
            total, current = total + (current or 1) * MULTIPLIERS[word], 0
        else:
            current += WORD_VALUES.get(word, 0)
    return Decimal(total + current)
