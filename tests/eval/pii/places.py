"""Makes postal addresses."""

from random import Random

from tests.eval.pii.sentences import SENTENCES, words

STREETS, ENDS, CITIES = (words("places", part) for part in ("streets", "ends", "cities"))
ELSEWHERE: list[str] = SENTENCES["places"]["elsewhere"]
ABROAD = 0.3
"""Share of addresses outside the United States."""


def address(random: Random) -> str:
    number, street = random.randint(1, 9900), random.choice(STREETS)
    if random.random() < ABROAD:
        return random.choice(ELSEWHERE).format(n=number % 300 + 1, u=number % 40 + 1, street=street)
    unit = random.choice(("", "", f" Apt {number % 90 + 1}", f", Unit {number % 9 + 1}B"))
    line = f"{number} {street} {random.choice(ENDS)}{unit}"
    city, state, code = random.choice(CITIES).split(",")
    full = f"{line}, {city}, {state} {code}"
    written = random.choice((full, full, line, f"{line}, {city}", full.replace(", ", "\n", 1)))
    return written.lower() if random.random() < 0.15 else written
