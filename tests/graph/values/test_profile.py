"""The forms of the values of a profile."""

import pytest

from graph.values.profile import canonical_locale, zone_of


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("en", "en"),
        ("EN-gb", "en-GB"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("de-DE-u-co-phonebk", "de-DE-u-co-phonebk"),
        ("en-x-Pirate", "en-x-pirate"),
    ],
)
def test_a_language_tag_gets_its_usual_capitals(tag: str, canonical: str) -> None:
    assert canonical_locale(tag) == canonical


@pytest.mark.parametrize(
    "tag", ["", "e", "en_GB", "english-language-of-england", "en-", "-en", "en GB", "\uff45\uff4e", "e" * 36]
)
def test_another_text_is_no_language_tag(tag: str) -> None:
    with pytest.raises(ValueError, match="BCP 47"):
        canonical_locale(tag)


def test_a_time_zone_is_one_that_exists() -> None:
    assert zone_of("Europe/Berlin").key == "Europe/Berlin"
    for name in ("", "America", "Nowhere/At-All", "../../etc/passwd", "/etc/passwd", "a\0b"):
        with pytest.raises(ValueError, match="IANA"):
            zone_of(name)
