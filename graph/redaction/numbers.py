"""The rules that find numbers, codes and electronic addresses, with the kind that each finds."""

from graph.redaction.detector import DIGIT, DIGITS, LIKELY, SURE, Detector
from graph.redaction.rules import bank, cards, contact, crypto, identity, named_numbers, national_ids

NUMBERS = (
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
    Detector("ID", national_ids.printed_ids, SURE, DIGITS),
    Detector("ID", national_ids.bare_ids, LIKELY, DIGITS),
    Detector("ACCOUNT", bank.account_numbers, LIKELY, DIGIT),
    Detector("PHONE", contact.phones, LIKELY, DIGIT),
    Detector("PASSPORT", named_numbers.passports, LIKELY, DIGIT),
    Detector("LICENSE", named_numbers.driving_licences, LIKELY, DIGIT),
    Detector("TAXID", identity.employer_numbers, LIKELY, DIGIT),
    Detector("ID", named_numbers.national_ids, LIKELY, DIGIT),
    Detector("BIRTHDATE", identity.birth_dates, LIKELY),
    Detector("CVV", identity.security_codes, LIKELY, DIGIT),
    Detector("PIN", identity.pins, LIKELY, DIGIT),
    Detector("PASSWORD", identity.passwords, LIKELY, DIGIT),
)
