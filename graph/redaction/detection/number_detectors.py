"""The rules that find numbers, codes and electronic addresses, with the kind that each finds."""

import re

from graph.redaction.detection.detector import DIGIT, DIGITS, LIKELY, LONG_NUMBER, SIX_DIGITS, SURE, Detector
from graph.redaction.rules.banking import bank_accounts as bank
from graph.redaction.rules.banking import bank_codes, cards
from graph.redaction.rules.banking import crypto_addresses as crypto
from graph.redaction.rules.contacts import emails, handles, phones
from graph.redaction.rules.contacts import network_addresses as network
from graph.redaction.rules.identity import birth_dates as births
from graph.redaction.rules.identity import identity_numbers as identity
from graph.redaction.rules.identity import labelled_numbers as named_numbers
from graph.redaction.rules.identity import national_ids
from graph.redaction.rules.secrets import credentials as secrets
from graph.redaction.rules.secrets import pins_and_passwords as codes

AT = re.compile(r"@| at |[\[({<_]at[_>\])}]|arrob|arobas|chiocciola|klammeraffe|apenstaart", re.IGNORECASE)
HANDLE = re.compile(
    r"[@$]|\b(?i:snap|insta|ig\b|discord|skype|telegram|twit|tiktok|venmo|paypal|reddit|steam)"
    r"|\.(?:me|com|app)/|(?i:user|login|name|handle|usu|utente|pix|nutzer)"
)
LONG_WORD = re.compile(r"\S{16}")
SECRET = re.compile(r"\S{16}|://|BEGIN|(?i:key|token|secret|bearer|basic|authori[sz]|phrase|words|seed|mnemonic)")
PASSWORD = re.compile(r"(?i)pass|login|cred|pwd|\bpw\b|mdp|wort|contrase|senha|parola|पास")
CAPITALS = re.compile(r"[A-Z]{6}|[A-Z]{4}0|(?i:bic|swift|ifsc)")

NUMBERS = (
    Detector("CARD", cards.cards, SURE, SIX_DIGITS),
    Detector("IBAN", bank.ibans, SURE, DIGIT),
    Detector("SSN", identity.social_security_numbers, SURE, DIGITS),
    Detector("ITIN", identity.taxpayer_numbers, SURE, LONG_NUMBER),
    Detector("SIN", identity.social_insurance_numbers, SURE, LONG_NUMBER),
    Detector("ROUTING", bank.routing_numbers, SURE, LONG_NUMBER),
    Detector("CRYPTO", crypto.crypto_addresses, SURE, LONG_WORD),
    Detector("EMAIL", emails.emails, SURE, AT),
    Detector("IP", network.ip_addresses, SURE, DIGIT),
    Detector("MAC", network.mac_addresses, SURE),
    Detector("ID", identity.insurance_numbers, SURE, SIX_DIGITS),
    Detector("ID", identity.aadhaar_numbers, SURE, LONG_NUMBER),
    Detector("ID", identity.health_numbers, SURE, LONG_NUMBER),
    Detector("ID", national_ids.printed_ids, SURE, DIGITS),
    Detector("ID", national_ids.bare_ids, LIKELY, LONG_NUMBER),
    Detector("ACCOUNT", bank_codes.national_accounts, SURE, LONG_NUMBER),
    Detector("BANKCODE", bank_codes.bank_codes, SURE, CAPITALS),
    Detector("ACCOUNT", bank.account_numbers, LIKELY, LONG_NUMBER),
    Detector("PHONE", phones.phones, LIKELY, LONG_NUMBER),
    Detector("PASSPORT", named_numbers.passports, LIKELY, DIGITS),
    Detector("LICENSE", named_numbers.driving_licences, LIKELY, DIGITS),
    Detector("TAXID", identity.employer_numbers, LIKELY, LONG_NUMBER),
    Detector("ID", named_numbers.national_ids, LIKELY, DIGITS),
    Detector("SECRET", secrets.secrets, SURE, SECRET),
    Detector("HANDLE", handles.handles, LIKELY, HANDLE),
    Detector("LOCATION", births.places, LIKELY, DIGITS),
    Detector("ID", named_numbers.vehicle_plates, LIKELY, DIGIT),
    Detector("BIRTHDATE", births.birth_dates, LIKELY, DIGIT),
    Detector("CVV", codes.security_codes, LIKELY, DIGIT),
    Detector("PIN", codes.pins, LIKELY, DIGIT),
    Detector("PASSWORD", codes.passwords, LIKELY, PASSWORD),
)
