"""How long the search takes, in seconds of one processor: usual texts, and the worst that somebody could send."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from graph.redaction.detection.detect import detect
from tests.eval.pii.generator import KINDS, SEED, samples
from tests.eval.pii.harmless import harmless

SECONDS = {200: 0.020, 4_000: 0.200}
"""The most that so many characters may take, at the 95th percentile."""
WORST_SECONDS = 0.5
MAX_MESSAGE_CHARS = 8_000

UNITS = (
    *(
        "a.",
        "1 ",
        "@",
        "a@",
        "1234567890",
        "4111 ",
        "[",
        "]",
        "(",
        "'",
        "a-",
        "1.1.1.1 ",
        "ab:",
        "XX88 ",
        "12 Main Elm ",
    ),
    *(
        "my name is a ",
        "e\u0301",
        "\u0301",
        "\u200b",
        "a b@ ",
        "abcd ",
        "ab @",
        "Anna ",
        "San ",
        "thanks\n",
        "Mr ",
        "born ",
    ),
    *("zip ", "PO box ", "12-", "de.89.", "0x", "bc1", "a dot ", "x at y dot ", "+1 ", "(1", "::", "1:", "$1 ", "aB3"),
    *(
        "Flat 1, ",
        "1 Main Street, ",
        "Main Street ",
        "corner of a ",
        "Rue de ",
        "van ",
        "Lee ",
        "O'Neill ",
        "A. ",
        "pin 1",
    ),
    *(
        "J. Smith, ",
        "password is ",
        "account ",
        "my wife ",
        "Ana, ",
        "Ben and ",
        "\u4e00",
        "\n",
        " ",
        "_",
        "[CARD_",
        "txn_",
    ),
    *(
        "Ab,\n  ",
        "1 Ab ",
        "Ab-Cd, 1",
        "Sao - SP, ",
        "SW1A 1AA ",
        "Am ",
        "Via Ab ",
        "Ab and ",
        "de ",
        "live at ",
        "address: ",
    ),
    *(
        "name=",
        "<name>",
        "payee,Ab\n",
        "DOE, ",
        "JANE ",
        "ZELLE TO ",
        "pay ab ",
        "AbCd ",
        "ab.cd ",
        "a. b",
        "tell Ab ",
        ":50K:",
    ),
    *(
        "0a0a",
        "DOB 1",
        "passport A",
        "name: ",
        "123-45-",
        "1.234,",
        "0 ",
        "card 4",
        "Mainstraße ",
        "Jean-",
        "a'b",
        "u. ",
    ),
    *(
        "%41",
        "&#64;",
        "a=b+c&",
        "a=b+",
        "one-two ",
        "zero,",
        "4111\n",
        "1. 4111\n",
        "l1O0",
        "ref_1a",
        "D E 8 9 ",
        "GB29|",
    ),
    *("12-34-56 ", "12345678/", "2100 0418 45 ", "tax id 1 ", "A1B2C3D4E5F6G7H8J", "12.345.678-", "conta 1-", "pix: a"),
    *(
        "@a.b ",
        "x@y ",
        "$aB",
        "user name is ",
        "t.me/",
        "a<at>b",
        '"a"@',
        "sk-",
        "eyJabcdefgh.",
        "-----BEGIN PRIVATE KEY-----",
    ),
    *(
        "://a:",
        "api_key=",
        "seed phrase is ",
        "apple ",
        "the code sent ",
        "born on 1 ",
        "né le ",
        "1.12345, ",
        "<ssn>1",
        '"a":"',
    ),
    *("ssn,", "ssn;tel\n1;", "YWFh", "4a4b", "7EcDhSY", "+55 (11) ", "A B ", "social 1 "),
)
"""What the rules begin to match and never finish, each repeated up to the length of the longest message."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The time of texts of one kind."""

    name: str
    seconds: float
    most: float

    @property
    def holds(self) -> bool:
        return self.seconds <= self.most


def seconds_of(text: str) -> float:
    begun = time.process_time()
    detect(text)
    return time.process_time() - begun


def usual(characters: int, rounds: int) -> Speed:
    """The 95th percentile for texts of so many characters, made of sentences with and without personal values."""
    random = Random(SEED)
    texts = [sample.text for kind in KINDS for sample in samples(kind, 40)] + list(harmless(400))
    times = sorted(
        seconds_of(" ".join(random.choices(texts, k=characters // 20 + 2))[:characters]) for _ in range(rounds)
    )
    return Speed(f"{characters} characters, p95", times[math.ceil(len(times) * 0.95) - 1], SECONDS[characters])


def worst_texts() -> Iterator[str]:
    for unit in UNITS:
        yield (unit * MAX_MESSAGE_CHARS)[: MAX_MESSAGE_CHARS - len("com")] + "com"


def worst() -> Speed:
    """The slowest of the texts made to be slow, each at its quicker of two runs: the machine may be busy."""
    seconds, text = max((min(seconds_of(text), seconds_of(text)), text) for text in worst_texts())
    return Speed(f"worst of {len(UNITS)} ({text[:8]!r} …)", seconds, WORST_SECONDS)


def speeds(rounds: int = 100) -> Iterator[Speed]:
    detect("My name is Jane Doe.")
    for characters in SECONDS:
        yield usual(characters, rounds)
    yield worst()
