"""Makes values that are nobody's but pass every check: numbers with valid check digits, in the ways people write them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from tests.eval.pii.sentences import words

CARD_NETWORKS: Mapping[str, tuple[Sequence[str], Sequence[int]]] = {
    "Visa": (("4",), (13, 16, 19)),
    "Mastercard": (("51", "52", "53", "54", "55", "2221", "2345", "2719"), (16,)),
    "American Express": (("34", "37"), (15,)),
    "Diners Club": (("300", "305", "3095", "36", "38"), (14, 16, 19)),
    "JCB": (("3528", "3589", "3556"), (16, 17, 18, 19)),
    "Discover": (("6011", "644", "65"), (16, 19)),
    "UnionPay": (("62",), (16, 17, 18, 19)),
    "Maestro": (("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6763"), (12, 13, 14, 15, 16, 17, 18, 19)),
    "RuPay": (("6522", "8172"), (16,)),
    "Mir": (("2200", "2204"), (16,)),
    "Troy": (("9792",), (16,)),
}
"""Prefixes and lengths (https://en.wikipedia.org/wiki/Payment_card_number)."""

IBAN_FORMS = {
    **{"DE": "18n", "GB": "4a14n", "FR": "10n11c2n", "ES": "20n", "IT": "1a10n12c", "NL": "4a10n", "BE": "12n"},
    **{"CH": "5n12c", "AT": "16n", "PL": "24n", "PT": "21n", "IE": "4a14n", "SE": "20n", "NO": "11n", "DK": "14n"},
    **{"FI": "14n", "CZ": "20n", "GR": "7n16c", "TR": "5n1n16c", "SA": "2n18c", "AE": "19n", "MT": "4a5n18c"},
    **{"LC": "4a24c", "BR": "23n1a1c", "KW": "4a22c", "UA": "6n19c", "LT": "16n", "HU": "24n", "RO": "4a16c"},
}
"""The national part by country, as counts of digits (n), letters (a) and either (c) (SWIFT's IBAN registry)."""

PHONE_REGIONS = words("phones", "regions")
TRIES = 50
"""How often a telephone number is drawn before the example of its region does."""

_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MONTHS = words("dates", "months")
_MAILBOXES, _DOMAINS = words("emails", "mailboxes"), words("emails", "domains")


def digits(random: Random, count: int) -> str:
    return "".join(random.choices(_DIGITS, k=count))


def letters(random: Random, count: int) -> str:
    return "".join(random.choices(_LETTERS, k=count))


def grouped(text: str, size: int, mark: str = " ") -> str:
    return mark.join(text[place : place + size] for place in range(0, len(text), size))


def first_that(valid: Callable[[str], bool], make: Callable[[], str]) -> str:
    while not valid(made := make()):
        pass
    return made


def luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def card(random: Random) -> str:
    prefixes, lengths = random.choice(list(CARD_NETWORKS.values()))
    prefix, length = random.choice(prefixes), random.choice(lengths)
    number = first_that(luhn, lambda: prefix + digits(random, length - len(prefix)))
    if length == 15 and random.random() < 0.5:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return random.choice((number, number, grouped(number, 4), grouped(number, 4, "-")))


def iban(random: Random) -> str:
    country = random.choice(list(IBAN_FORMS))
    body = _by_form(random, IBAN_FORMS[country])
    remainder = int("".join(str(int(character, 36)) for character in f"{body}{country}00")) % 97
    number = f"{country}{98 - remainder:02}{body}"
    return random.choice((number, grouped(number, 4), number.lower()))


def _by_form(random: Random, form: str) -> str:
    pools, made, count = {"n": _DIGITS, "a": _LETTERS, "c": _DIGITS + _LETTERS}, "", ""
    for character in form:
        if character.isdigit():
            count += character
        else:
            made, count = made + "".join(random.choices(pools[character], k=int(count))), ""
    return made


def ssn(random: Random) -> str:
    area = random.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{random.randint(1, 99):02}-{random.randint(1, 9999):04}"


def itin(random: Random) -> str:
    group = random.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
    number = f"9{digits(random, 2)}-{group}-{digits(random, 4)}"
    return random.choice((number, number.replace("-", "")))


def ein(random: Random) -> str:
    return f"{random.randint(10, 99)}-{digits(random, 7)}"


def sin(random: Random) -> str:
    number = first_that(luhn, lambda: random.choice("1234567") + digits(random, 8))
    return random.choice((number, grouped(number, 3), grouped(number, 3, "-")))


def nino(random: Random) -> str:
    head = random.choice(("AB", "CE", "EH", "HJ", "JK", "LM", "MN", "PR", "SY", "TX", "WZ"))
    number = head + digits(random, 6) + random.choice("ABCD")
    return random.choice((number, grouped(number, 2), number.lower()))


def nhs_number(random: Random) -> str:
    def valid(number: str) -> bool:
        check = 11 - sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False)) % 11
        return check != 10 and check % 11 == int(number[9])

    number = first_that(valid, lambda: random.choice("4679") + digits(random, 9))
    return random.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}"))


def routing_number(random: Random) -> str:
    def valid(number: str) -> bool:
        return sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0

    return first_that(valid, lambda: f"{random.choice([*range(1, 13), *range(21, 33)]):02}{digits(random, 7)}")


def account(random: Random) -> str:
    number = first_that(lambda made: len(set(made)) > 2, lambda: digits(random, random.randint(7, 17)))
    return random.choice((number, number, number, f"{number[:4]}-{number[4:]}", grouped(number, 4)))


def crypto(random: Random) -> str:
    if random.random() < 0.4:
        return "0x" + "".join(random.choices("0123456789abcdefABCDEF", k=40))
    raw = random.choice((b"\x00", b"\x05")) + random.randbytes(20)
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    number, text = int.from_bytes(raw), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def email(random: Random) -> str:
    local = random.choice((".", "_", "", "-", "+")).join(random.sample(_MAILBOXES, 2)) + random.choice(
        ("", "", digits(random, 2))
    )
    address = f"{local}@{random.choice(_DOMAINS)}"
    return random.choice((address, address, address.title(), address.upper()))


def phone(random: Random) -> str:
    region, sort = random.choice(PHONE_REGIONS), random.choice((PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE))
    number = phonenumbers.example_number_for_type(region, sort)
    assert number is not None, f"{region} has no such number"
    example = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for _ in range(TRIES):
        drawn = phonenumbers.parse(example[:-5] + digits(random, 5))
        if phonenumbers.is_valid_number(drawn):
            number = drawn
            break
    form = random.choice((PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL))
    written = phonenumbers.format_number(number, form)
    return random.choice((written, written, written.replace("-", "."), written.replace(" ", "-")))


def ip(random: Random) -> str:
    if random.random() < 0.7:
        return ".".join(str(random.randint(1, 254)) for _ in range(4))
    return ":".join(f"{random.randint(1, 0xFFFF):x}" for _ in range(8))


def birth_date(random: Random) -> str:
    year, month, day = random.randint(1935, 2006), random.randint(1, 12), random.randint(1, 28)
    name = _MONTHS[month - 1]
    return random.choice(
        (
            f"{month:02}/{day:02}/{year}",
            f"{day}.{month}.{year}",
            f"{year}-{month:02}-{day:02}",
            f"{name} {day}, {year}",
            f"{day} {name} {year}",
            f"{name[:3]} {day} {year}",
            f"{month}/{day}/{year % 100:02}",
            f"{day % 17 + 4}th of {name} {year}",
        )
    )


def licence(random: Random) -> str:
    made = (
        letters(random, 1) + digits(random, 7),
        letters(random, 1) + digits(random, 12),
        digits(random, 8),
        f"{letters(random, 1)}{digits(random, 3)}-{digits(random, 4)}-{digits(random, 4)}",
        f"{letters(random, 5)}{digits(random, 6)}{letters(random, 2)}{digits(random, 1)}{letters(random, 2)}",
    )
    return random.choice(made)


def passport(random: Random) -> str:
    return random.choice(
        (digits(random, 9), letters(random, 1) + digits(random, 8), letters(random, 2) + digits(random, 7))
    )
