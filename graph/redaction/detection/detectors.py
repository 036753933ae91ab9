"""The rules that find personal values, with the kind that each finds."""

import re

from graph.redaction.detection.detector import DIGIT, LIKELY, Detector
from graph.redaction.detection.number_detectors import NUMBERS
from graph.redaction.rules.addresses import postal_codes as postal
from graph.redaction.rules.addresses import street_addresses as address
from graph.redaction.rules.names import announced_names
from graph.redaction.rules.names import listed_names as known_names
from graph.redaction.rules.names import names_in_fields as field_names
from graph.redaction.rules.names import patterned_names as formed_names
from graph.redaction.rules.names import payment_names as bank_names

DIGIT_OR_CORNER = re.compile(r"\d|corner of")

DETECTORS = (
    *NUMBERS,
    Detector("ADDRESS", address.addresses, LIKELY, DIGIT_OR_CORNER),
    Detector("POSTAL", postal.postal_codes, LIKELY, DIGIT),
    Detector("PERSON", announced_names.introduced_names, LIKELY),
    Detector("PERSON", known_names.known_names, LIKELY),
    Detector("PERSON", field_names.field_names, LIKELY),
    Detector("PERSON", bank_names.bank_names, LIKELY),
    Detector("PERSON", formed_names.formed_names, LIKELY),
)
