"""All detectors, in the order in which they run."""

import re

from graph.redaction.detection.detector import DIGIT, LIKELY, Detector
from graph.redaction.detection.number_detectors import NUMBER_DETECTORS
from graph.redaction.rules.addresses import postal_codes, street_addresses
from graph.redaction.rules.names import announced_names, listed_names, names_in_fields, patterned_names, payment_names

DIGIT_OR_CORNER = re.compile(r"\d|corner of")

DETECTORS = (
    *NUMBER_DETECTORS,
    Detector("ADDRESS", street_addresses.addresses, LIKELY, DIGIT_OR_CORNER),
    Detector("POSTAL", postal_codes.postal_codes, LIKELY, DIGIT),
    Detector("PERSON", announced_names.introduced_names, LIKELY),
    Detector("PERSON", listed_names.listed_names, LIKELY),
    Detector("PERSON", names_in_fields.names_in_fields, LIKELY),
    Detector("PERSON", payment_names.payment_names, LIKELY),
    Detector("PERSON", patterned_names.patterned_names, LIKELY),
)
