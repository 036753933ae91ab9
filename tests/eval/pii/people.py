"""Makes names of people: of many origins, and invented ones that no list can hold."""

from random import Random

from tests.eval.pii.sentences import words

GIVEN, FAMILY, SOUNDS = (words("people", part) for part in ("given", "family", "sounds"))
INVENTED = 0.15
"""Share of names of which a part is invented."""
SMALL = 0.15
"""Share of names in small letters."""
ALONE = 0.25
"""Share of given names alone."""


def person(random: Random) -> str:
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    if random.random() < INVENTED:
        given, family = random.choice(((_invented(random), family), (given, _invented(random))))
    name = given if random.random() < ALONE else f"{given} {random.choice(('', '', '', 'J. ', 'M '))}{family}"
    return name.lower() if random.random() < SMALL else name


def _invented(random: Random) -> str:
    return "".join(random.choices(SOUNDS, k=3)).capitalize() + random.choice(("", "n", "s", "r"))
