"""The detectors of numbers, codes and electronic addresses, with their gates."""

import re

from graph.redaction.detection.detector import DIGIT, DIGITS, LIKELY, LONG_NUMBER, SIX_DIGITS, SURE, Detector
from graph.redaction.rules.banking import bank_accounts, bank_codes, cards, crypto_addresses
from graph.redaction.rules.contacts import emails, handles, network_addresses, phones
from graph.redaction.rules.identity import birth_dates, identity_numbers, labelled_numbers, national_ids
from graph.redaction.rules.secrets import credentials, pins_and_passwords

AT = re.compile(r"@| at |[\[({<_]at[_>\])}]|arrob|arobas|chiocciola|klammeraffe|apenstaart", re.IGNORECASE)
HANDLE = re.compile(
    r"[@$]|\b(?i:snap|insta|ig\b|discord|skype|telegram|twit|tiktok|venmo|paypal|reddit|steam)"
    r"|\.(?:me|com|app)/|(?i:user|login|name|handle|usu|utente|pix|nutzer)"
)
LONG_WORD = re.compile(r"\S{16}")
SECRET = re.compile(r"\S{16}|://|BEGIN|(?i:key|token|secret|bearer|basic|authori[sz]|phrase|words|seed|mnemonic)")
PASSWORD = re.compile(r"(?i)pass|login|cred|pwd|\bpw\b|mdp|wort|contrase|senha|parola|पास")
CAPITALS = re.compile(r"[A-Z]{6}|[A-Z]{4}0|(?i:bic|swift|ifsc)")

NUMBER_DETECTORS = (
    Detector("CARD", cards.cards, SURE, SIX_DIGITS),
    Detector("IBAN", bank_accounts.ibans, SURE, DIGIT),
    Detector("SSN", identity_numbers.social_security_numbers, SURE, DIGITS),
    Detector("ITIN", identity_numbers.taxpayer_numbers, SURE, LONG_NUMBER),
    Detector("SIN", identity_numbers.social_insurance_numbers, SURE, LONG_NUMBER),
    Detector("ROUTING", bank_accounts.routing_numbers, SURE, LONG_NUMBER),
    Detector("CRYPTO", crypto_addresses.crypto_addresses, SURE, LONG_WORD),
    Detector("EMAIL", emails.emails, SURE, AT),
    Detector("IP", network_addresses.ip_addresses, SURE, DIGIT),
    Detector("MAC", network_addresses.mac_addresses, SURE),
    Detector("ID", identity_numbers.insurance_numbers, SURE, SIX_DIGITS),
    Detector("ID", identity_numbers.aadhaar_numbers, SURE, LONG_NUMBER),
    Detector("ID", identity_numbers.health_numbers, SURE, LONG_NUMBER),
    Detector("ID", national_ids.printed_ids, SURE, DIGITS),
    Detector("ID", national_ids.bare_ids, LIKELY, LONG_NUMBER),
    Detector("ACCOUNT", bank_codes.national_accounts, SURE, LONG_NUMBER),
    Detector("BANKCODE", bank_codes.bank_codes, SURE, CAPITALS),
    Detector("ACCOUNT", bank_accounts.account_numbers, LIKELY, LONG_NUMBER),
    Detector("PHONE", phones.phones, LIKELY, LONG_NUMBER),
    Detector("PASSPORT", labelled_numbers.passports, LIKELY, DIGITS),
    Detector("LICENSE", labelled_numbers.driving_licences, LIKELY, DIGITS),
    Detector("TAXID", identity_numbers.employer_numbers, LIKELY, LONG_NUMBER),
    Detector("ID", labelled_numbers.national_ids, LIKELY, DIGITS),
    Detector("SECRET", credentials.secrets, SURE, SECRET),
    Detector("HANDLE", handles.handles, LIKELY, HANDLE),
    Detector("LOCATION", birth_dates.coordinates, LIKELY, DIGITS),
    Detector("ID", labelled_numbers.vehicle_plates, LIKELY, DIGIT),
    Detector("BIRTHDATE", birth_dates.birth_dates, LIKELY, DIGIT),
    Detector("CVV", pins_and_passwords.security_codes, LIKELY, DIGIT),
    Detector("PIN", pins_and_passwords.pins, LIKELY, DIGIT),
    Detector("PASSWORD", pins_and_passwords.passwords, LIKELY, PASSWORD),
)
