"""Checksums that distinguish issued numbers from arbitrary ones."""

import hashlib
import string
from itertools import cycle
from operator import mul

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_CHECKS = "0123456789X"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_FROM_RIPPLE = str.maketrans("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz", _BASE58)
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANTS = (1, 0x2BC830A3)
_VERHOEFF_DIHEDRAL = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_PERMUTATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: cards, Canadian SIN."""
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def mod97(iban: str) -> bool:
    """ISO 13616 / ISO 7064 MOD 97-10: an IBAN without spaces, in capitals."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def routing(digits: str) -> bool:
    """ABA routing transit number: weights 3, 7, 1."""
    return sum(int(digit) * weight for digit, weight in zip(digits, cycle((3, 7, 1)), strict=False)) % 10 == 0


def nhs(digits: str) -> bool:
    """UK NHS number: ten digits, modulus 11 with weights 10 to 2."""
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9]) and check != 10


def verhoeff(digits: str) -> bool:
    """Verhoeff's dihedral check: Indian Aadhaar."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _VERHOEFF_DIHEDRAL[state][_VERHOEFF_PERMUTATION[place % 8][int(digit)]]
    return state == 0


def base58check(text: str) -> bool:
    """Bitcoin's Base58Check: the last four bytes are a double SHA-256 of the rest."""
    raw = _base58(text)
    if raw is None:
        return False
    body, check = raw[:-4], raw[-4:]
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check


def is_base58_key(text: str) -> bool:
    """Whether these are the 32 bytes of a public key."""
    raw = _base58(text)
    return raw is not None and len(raw) == 32


def _base58(text: str) -> bytes | None:
    number = 0
    for character in text:
        value = _BASE58.find(character)
        if value < 0:
            return None
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def bech32(text: str) -> bool:
    """BIP 173 and BIP 350 (bech32m): a human-readable part, `1`, and data with a six-character checksum."""
    prefix, one, data = text.lower().rpartition("1")
    if not one or len(data) < 6 or any(character not in _BECH32 for character in data):
        return False
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_BECH32.index(c) for c in data]
    return _polymod(values) in _BECH32_CONSTANTS


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def only(text: str, alphabet: str = string.digits + string.ascii_uppercase) -> str:
    """The characters of a text that belong to an alphabet."""
    return "".join(character for character in text if character in alphabet)


def singapore(number: str) -> bool:
    """Singapore's NRIC and FIN: seven digits with weights, a letter by the series."""
    total = sum(int(digit) * weight for digit, weight in zip(number[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(number[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    place = total % 11 if number[0] != "M" else 10 - total % 11
    return letters[number[0]][place] == number[8]


def vehicle(number: str) -> bool:
    """A vehicle identification number: the check of 49 CFR 565. One without letters is an account number."""
    values = [int(character) if character.isdigit() else _VIN_VALUES[character] for character in number]
    return not number.isdigit() and _VIN_CHECKS[sum(map(mul, values, _VIN_WEIGHTS)) % 11] == number[8]


def clabe(number: str) -> bool:
    """Mexico's CLABE: a bank from 002 to 168 or 6xx to 9xx, then weights 3, 7, 1."""
    digits = only(number, string.digits)
    total = sum(int(digit) * weight % 10 for digit, weight in zip(digits[:17], cycle((3, 7, 1)), strict=False))
    bank = int(digits[:3])
    return (2 <= bank <= 168 or bank >= 600) and -total % 10 == int(digits[17])


def rib(number: str) -> bool:
    """France's RIB: bank, branch, account and a key that makes their weighted sum a multiple of 97."""
    digits = only(number, string.digits)
    bank, branch, account, key = int(digits[:5]), int(digits[5:10]), int(digits[10:21]), int(digits[21:])
    return (89 * bank + 15 * branch + 3 * account + key) % 97 == 0


def ripple(text: str) -> bool:
    """An address of the XRP ledger: Base58Check over an alphabet of its own."""
    return base58check(text.translate(_FROM_RIPPLE))
