"""Which streets are found, and which ordinary words are none."""

import pytest

from graph.redaction.detect import find


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.kind, finding.value) for finding in find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "groceries during 2024",
        "I'm considering 3 offers",
        "Is there a guarantee 100 is enough?",
        "The committee 5 of us set up",
        "Spring 2024 was dear",
        "Transferring 500 to savings",
        "recurring 15 at the gym",
        "a necktie 40 and a notepad 12",
        "the last decade 3 accounts were closed",
        "a Nike tee 30 dollars",
        "We go on a 5 day road trip",
        "3 duplicate charges at Square",
        "15 more through Circle K",
        "5 Main Street Cafe gift cards",
        "2 nights in a hotel room 12",
        "In 2024 Grand Canyon Trail passes went up",
        "Key Largo hotel 300",
        "Boulevard Pizza 30",
        "Am I spending 300 a week?",
        "Via Zelle 300",
        "3 Wall Street Journal subscriptions",
        "send it to Savings 9052.",
        "Move 48 from house to Hawaii 2026",
        "date,merchant,amount\n2024-01-05,Whole Foods,12000\n2024-01-06,Target,12000",
        "Rent 1200, Groceries 300, 15000 Savings",
    ],
)
def test_an_ordinary_word_before_a_number_is_no_street(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Lindenring 12, 04103 Leipzig",
        "Paldiski tee 5, 10149 Tallinn",
        "12 Mill Road, Cambridge CB1 2AD",
        "40 Abbey Road",
        "2024 Oak Drive, Austin, TX 78701",
        "hauptstraße 7",
        "Kalverstraat 92",
    ],
)
def test_a_street_is_found_whole(text: str) -> None:
    assert found(text) == [("ADDRESS", text)]


@pytest.mark.parametrize(
    "text", ["I live at Lindenring 12", "Ship it to Kirchhof 3, please", "my address is Paldiski tee 5"]
)
def test_a_street_that_looks_like_an_ordinary_word_is_found_where_an_address_is_said_to_follow(text: str) -> None:
    assert [kind for kind, _ in found(text)] == ["ADDRESS"]
