"""What a user has said about themself, and the forms that its values have."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_LOCALE_CHARS = 35
"""The buffer that RFC 5646 (4.4.1) advises for a language tag."""
MAX_TIME_ZONE_CHARS = 64

LOCALE = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<rest>(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?)",
    re.IGNORECASE | re.ASCII,
)
"""The grammar of RFC 5646 (2.1) without the tags that it keeps for older registrations."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a user has said; None where nothing was said."""

    name: str | None = None
    """The placeholder of the name to call the user by."""
    locale: str | None = None
    """A BCP 47 tag, such as `en-GB`."""
    time_zone: str | None = None
    """An IANA name, such as `Europe/Berlin`."""
    currency: str | None = None
    """A code of ISO 4217, in upper case."""


EMPTY_PROFILE = Profile()
"""The profile of a user who has said nothing."""


def canonical_locale(tag: str) -> str:
    """A language tag with the capitals that RFC 5646 (2.1.1) recommends: `zh-Hant-TW`.

    Raises:
        ValueError: the tag is not well-formed or too long.
    """
    parts = LOCALE.fullmatch(tag) if len(tag) <= MAX_LOCALE_CHARS else None
    if parts is None:
        raise ValueError("is not a BCP 47 language tag, such as en-GB")
    script, region = parts["script"] or "", parts["region"] or ""
    return "-".join(filter(None, (parts["language"].lower(), script.title(), region.upper()))) + parts["rest"].lower()


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of zones, such as "America"
        raise ValueError("is not an IANA time zone, such as Europe/Berlin") from None
