"""The rules that find personal values, with the kind that each finds."""

import re
from dataclasses import dataclass

from graph.redaction.rules import address, bank, cards, contact, crypto, identity, known_names, names, postal
from graph.redaction.rules.spans import Rule

SURE, LIKELY = 1.0, 0.8
"""Scores of findings: proven by a checksum or an unmistakable form, told by the words around."""

DIGIT = re.compile(r"\d")
DIGIT_OR_CORNER = re.compile(r"\d|corner of")


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule, the kind that it finds, and how sure it is."""

    kind: str
    rule: Rule
    score: float
    needs: re.Pattern[str] | None = None
    """What a text must hold for the rule to be worth its time."""


DETECTORS = (
    Detector("CARD", cards.cards, SURE, DIGIT),
    Detector("IBAN", bank.ibans, SURE, DIGIT),
    Detector("SSN", identity.social_security_numbers, SURE, DIGIT),
    Detector("ITIN", identity.taxpayer_numbers, SURE, DIGIT),
    Detector("SIN", identity.social_insurance_numbers, SURE, DIGIT),
    Detector("ROUTING", bank.routing_numbers, SURE, DIGIT),
    Detector("CRYPTO", crypto.crypto_addresses, SURE),
    Detector("EMAIL", contact.emails, SURE),
    Detector("IP", contact.ip_addresses, SURE, DIGIT),
    Detector("MAC", contact.mac_addresses, SURE),
    Detector("ID", identity.insurance_numbers, SURE, DIGIT),
    Detector("ID", identity.aadhaar_numbers, SURE, DIGIT),
    Detector("ID", identity.health_numbers, SURE, DIGIT),
    Detector("ACCOUNT", bank.account_numbers, LIKELY, DIGIT),
    Detector("PHONE", contact.phones, LIKELY, DIGIT),
    Detector("ADDRESS", address.addresses, LIKELY, DIGIT_OR_CORNER),
    Detector("POSTAL", postal.postal_codes, LIKELY, DIGIT),
    Detector("PASSPORT", identity.passports, LIKELY, DIGIT),
    Detector("LICENSE", identity.driving_licences, LIKELY, DIGIT),
    Detector("TAXID", identity.employer_numbers, LIKELY, DIGIT),
    Detector("ID", identity.national_ids, LIKELY, DIGIT),
    Detector("BIRTHDATE", identity.birth_dates, LIKELY),
    Detector("CVV", identity.security_codes, LIKELY, DIGIT),
    Detector("PIN", identity.pins, LIKELY, DIGIT),
    Detector("PASSWORD", identity.passwords, LIKELY, DIGIT),
    Detector("PERSON", names.introduced_names, LIKELY),
    Detector("PERSON", known_names.known_names, LIKELY),
)
