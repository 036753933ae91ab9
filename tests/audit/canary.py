"""Values that are told once, to be looked for afterwards, and the search for them in every disguise."""

import base64
import hashlib
import random
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graph.adapters.postgres.server_account import server_programs
from graph.redaction.detection.worker import Failure, detect_all

FIRST = (
    *("Anna", "Peter", "Maria", "Thomas", "Julia", "Robert", "Laura", "Michael", "Emily", "Daniel"),
    *("Sarah", "David", "Jessica", "James", "Karen", "Kevin", "Linda", "Steven", "Nancy", "Brian"),
    *("Patricia", "George", "Sandra", "Edward", "Carol", "Jason", "Sharon", "Jeffrey", "Michelle", "Ryan"),
    *("Amanda", "Jacob", "Melissa", "Gary", "Deborah", "Nicholas", "Stephanie", "Eric", "Rebecca", "Jonathan"),
)
LAST = (
    *(
        "Whitfield",
        "Abernathy",
        "Castellano",
        "Lindqvist",
        "Okonkwo",
        "Hargreaves",
        "Petrovich",
        "Thornbury",
        "Delacroix",
    ),
    *(
        "Vandermeer",
        "Kowalczyk",
        "Esposito",
        "Fitzgerald",
        "Nakamura",
        "Guerrero",
        "Holloway",
        "Rasmussen",
        "McAllister",
    ),
    *(
        "Villanueva",
        "Blackwood",
        "Schneider",
        "Ferreira",
        "Montgomery",
        "Papadopoulos",
        "Lindgren",
        "Bertrand",
        "Carmichael",
    ),
    *("Dempsey", "Eriksson", "Gallagher", "Hutchinson", "Ivanova", "Jaramillo", "Kendrick", "Lombardi", "Maldonado"),
    *(
        "Novak",
        "Osborne",
        "Pemberton",
        "Quintero",
        "Rutherford",
        "Sorensen",
        "Tanaka",
        "Underwood",
        "Valentine",
        "Wakefield",
    ),
    *("Yamamoto", "Zimmerman", "Ashworth", "Beaumont", "Crawford", "Donnelly", "Ellsworth", "Faulkner", "Goldstein"),
)
STREETS = ("Maple Street", "Oak Avenue", "Cedar Lane", "Willow Drive", "Chestnut Road")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November")
TRACKED = ("X-Request-Id", "Idempotency-Key", "Last-Event-ID", "User-Agent", "traceparent", "tracestate")
"""Headers that services like to write down."""
GROUPED = ("{0} {1} {2} {3}", "{0}-{1}-{2}-{3}", "{0}{1}{2}{3}")
BASE_58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class Canary:
    """A person who is told of once, with a value of each kind."""

    name: str
    card: str
    email: str
    iban: str
    ssn: str
    phone: str
    address: str
    birthdate: str
    passport: str
    license: str
    account: str
    routing: str
    ip: str
    bitcoin: str
    tax_number: str
    clabe: str
    api_key: str
    handle: str

    @property
    def text(self) -> str:
        """All of it in a user's words."""
        return (
            f"{self.fact}. My CPF is {self.tax_number}, my CLABE {self.clabe}, my API key {self.api_key}, and on Venmo I am "
            f"{self.handle}"
        )

    @property
    def fact(self) -> str:
        """As much of it as a remembered fact has room for."""
        return (
            f"My name is {self.name}, my card is {self.card} and my mail is {self.email}. My IBAN is {self.iban}, my SSN is "
            f"{self.ssn}, my phone is {self.phone} and I live at {self.address}. I was born on {self.birthdate}, my passport "
            f"number is {self.passport}, my driver's license number is {self.license}, my account number is {self.account}, "
            f"my routing number is {self.routing}, my IP is {self.ip} and my bitcoin address is {self.bitcoin}"
        )

    @property
    def short(self) -> str:
        """As much of it as a title has room for."""
        return f"My name is {self.name}, my card is {self.card} and my mail is {self.email}"

    @property
    def line(self) -> str:
        """Some of it in a line of a statement."""
        return f"Zelle to {self.name} {self.phone} {self.email} card {self.card} IBAN {self.iban}"

    def values(self) -> tuple[str, ...]:
        return tuple(vars(self).values())

    def line_values(self) -> tuple[str, ...]:
        return self.name, self.phone, self.email, self.card, self.iban


class Canaries:
    """Makes canaries, no two with a value in common, and remembers them.

    They are of those that the detector finds: what it misses is counted by `make eval-pii`, and would only hide here what is
    found and leaks all the same.
    """

    def __init__(self, seed: str = "canaries") -> None:
        self.dice = random.Random(seed)
        self.made: list[Canary] = []
        names = [f"{first} {last}" for first in FIRST for last in LAST]
        self._names = iter(self.dice.sample(names, len(names)))
        self._drawn: set[str] = set()
        self.missed = 0
        """How many were drawn and not told because the detector misses something of them."""

    def new(self) -> Canary:
        while not is_found(canary := self._draw(len(self.made) + self.missed)):
            self.missed += 1
        self.made.append(canary)
        return canary

    def _draw(self, number: int) -> Canary:
        card = luhn_valid("4" + self._digits(14))
        street = f"{self._digits(4)} {self.dice.choice(STREETS)}"
        canary = Canary(
            name=next(self._names),
            card=GROUPED[number % len(GROUPED)].format(*(card[start : start + 4] for start in range(0, 16, 4))),
            email=f"{self._letters(9)}.{number}@kestrelmail.com",
            iban=iban("DE", self._digits(18)),
            ssn=f"{self.dice.randint(100, 665)}-{self.dice.randint(10, 99)}-{self._digits(4)}",
            phone=f"(415) {self.dice.randint(200, 999)}-{self._digits(4)}",
            address=f"{street}, Portland, OR {97201 + number % 30}",
            birthdate=f"{number % 28 + 1} {MONTHS[number // 28 % 11]} {1930 + number // 308}",
            passport=f"K{self._digits(8)}",
            license=f"W{self._digits(12)}",
            account=self._digits(10),
            routing=routing("12" + self._digits(6)),
            ip=f"81.{self.dice.randint(100, 255)}.{number // 250 + 100}.{number % 250 + 1}",
            bitcoin=bitcoin(self.dice.randbytes(20)),
            tax_number=cpf(self._digits(9)),
            clabe=clabe("012180" + self._digits(11)),
            api_key=f"sk_live_{self._letters(12)}{self._digits(12)}",
            handle=f"@{self._letters(8)}-{number + 100}",
        )
        if self._drawn & set(canary.values()):
            return self._draw(number)
        self._drawn |= set(canary.values())
        return canary

    def _digits(self, count: int) -> str:
        return self.dice.choice("123456789") + "".join(self.dice.choices("0123456789", k=count - 1))

    def _letters(self, count: int) -> str:
        return "".join(self.dice.choices("bcdfghjklmnpqrstvwxz", k=count))


def is_found(canary: Canary) -> bool:
    """Whether the detector finds each of its values, in the user's words and in the line of a statement."""
    found = detect_all([canary.text, canary.line], frozenset())
    if isinstance(found, Failure):
        raise AssertionError(found)
    said, line = ({detection.value for detection in each} for each in found)
    return said >= set(canary.values()) and line >= set(canary.line_values())


def luhn_valid(digits: str) -> str:
    """The digits with their check digit (ISO/IEC 7812)."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return f"{digits}{-total % 10}"


def iban(country: str, account: str) -> str:
    """An account number with its country and check digits (ISO 13616)."""
    number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02}{account}"


def routing(digits: str) -> str:
    """Eight digits of a bank's number in the US with the ninth, by weights of 3, 7 and 1."""
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, (3, 7, 1) * 3, strict=False))
    return f"{digits}{-weighted % 10}"


def cpf(digits: str) -> str:
    """Nine digits of a Brazilian tax number with their two check digits, as they are printed."""
    for first in (10, 11):
        weighted = sum(int(digit) * (first - place) for place, digit in enumerate(digits))
        digits += str(weighted * 10 % 11 % 10)
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def clabe(digits: str) -> str:
    """Seventeen digits of a Mexican account number with the eighteenth, by weights of 3, 7 and 1."""
    weighted = sum(int(digit) * weight % 10 for digit, weight in zip(digits, (3, 7, 1) * 6, strict=False))
    return f"{digits}{-weighted % 10}"


def bitcoin(key_hash: bytes) -> str:
    """An address of the first kind (Base58Check with version 0)."""
    body = b"\0" + key_hash
    body += hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]
    number, written = int.from_bytes(body, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        written = BASE_58[digit] + written
    return "1" + written


# Where to look, and for what ------------------------------------------------------------------------------------------


def disguises(value: str) -> set[bytes]:
    """The ways in which a value could be written; UTF-16 is found where the NULs are left out."""
    spellings = {value, value.lower()} | ({re.sub(r"[ ()-]", "", value)} if value[0] in "(0123456789" else set())
    spellings = {spelling for spelling in spellings if len(spelling) > 8}
    found: set[bytes] = set()
    for spelling in (*spellings, *(spelling[::-1] for spelling in spellings)):
        plain = spelling.encode()
        found |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
        found |= {base64_core(plain, shift) for shift in range(3)}
    return found


def base64_core(plain: bytes, shift: int) -> bytes:
    """What base64 makes of these bytes in the middle of others, without the characters that those others touch."""
    coded = base64.b64encode(b"\0" * shift + plain)
    return coded[(0, 2, 3)[shift] : len(coded) - (0, 4, 4)[(shift + len(plain)) % 3]]


def found_in(folder: Path, values: Iterable[str], scratch: Path, leaving_out: Iterable[Path] = ()) -> set[str]:
    """Which needles some file under a folder holds, as it is or without its NULs; some files are not looked into. Digits within
    longer numbers are none: LangGraph's versions alone have so many random decimals that any nine digits are among them.
    """
    needles = scratch / "needles"
    needles.write_bytes(b"\n".join(sorted(set().union(*map(disguises, values)))))
    left_out = set(leaving_out)
    files = [file for file in folder.rglob("*") if file.is_file() and file not in left_out]
    whole, without_nuls = scratch / "whole", scratch / "without-nuls"
    with whole.open("wb") as copied, without_nuls.open("wb") as stripped:
        for file in files:
            with suppress(FileNotFoundError):  # Postgres deletes files of its caches at any moment
                content = file.read_bytes()
                copied.write(content + b"\n")
                stripped.write(content.replace(b"\0", b"") + b"\n")
    searched = subprocess.run(
        ["grep", "-aohF", "-f", str(needles), "--", str(whole), str(without_nuls)],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
    )
    assert searched.returncode in (0, 1), searched.stderr  # 1: found nothing
    found = set(searched.stdout.decode(errors="replace").split("\n")) - {""}
    return {each for each in found if not each.isdecimal() or stands_alone(each, [whole, without_nuls])}


def stands_alone(digits: str, files: Iterable[Path]) -> bool:
    """Whether these digits are a whole number in one of the files."""
    number = re.compile(rf"(?<!\d){digits}(?!\d)".encode())
    return any(number.search(file.read_bytes()) for file in files)


def dump(admin_url: str) -> bytes:
    """The whole database, as its administrator dumps it."""
    return subprocess.run(
        [str(server_programs() / "pg_dump"), admin_url], capture_output=True, check=True, env={"PATH": "/usr/bin"}
    ).stdout
