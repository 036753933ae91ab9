"""How often something comes."""

from collections.abc import Mapping

CADENCE_WORDS: Mapping[str, str] = {
    "weekly": "every week",
    "biweekly": "every two weeks",
    "monthly": "every month",
    "quarterly": "every three months",
    "half_yearly": "every half year",
    "yearly": "every year",
}
