"""Which streets are found, and which ordinary words are none."""

import pytest

from graph.redaction.detection.detect import detect


def found(text: str) -> list[tuple[str, str]]:
    return [(detection.entity_type, detection.value) for detection in detect(text)]


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
        "The Old Vicarage, Church Street, Ledbury HR8 1DN",
        "Flat 3, 27 Cromwell Road, London SW7 2HR",
        "14 Maes-y-Coed, Swansea SA2 0RF",
        "350 Fifth Ave, Apt 21B, New York, NY 10118",
        "Rural Route 4 Box 21, Decorah, IA 52101",
        "Lot 7 Old Mill Rd, Bunbury WA 6230",
        "Am Stadtpark 5, 22303 Hamburg",
        "Schillerstr. 14a, 60313 Frankfurt am Main",
        "Unter den Ulmen 7, 50968 Köln",
        "Kölner Str. 12",
        "3 bis avenue des Ternes, 75017 Paris",
        "9 place de la Mairie, 69003 Lyon",
        "Lieu-dit Kerlann, 29000 Quimper",
        "Calle de Alcalá, 45, 2º izq., 28014 Madrid",
        "Avda. Diagonal 12, 3-2, 08018 Barcelona",
        "Flat No. 12, Silver Oak Apartments, Baner Road, Pune 411045",
        "H.No. 12-5-34, Street No. 3, Tarnaka, Hyderabad - 500017",
        "Rua Augusta, 1500, apto 12, Consolação, São Paulo - SP, 01304-001",
        "Av. Atlântica, 1702 - Copacabana, Rio de Janeiro",
        "Quadra 7, Lote 3, Setor Oeste, Goiânia - GO",
        "Keizersgracht 241, 1016 EA Amsterdam",
        "Kärntner Ring 5, 1010 Wien",
        "Rua Augusta 61, 1100-053 Lisboa",
        "1493 juniper ct, fargo, nd 58102",
    ],
)
def test_an_address_is_found_whole(text: str) -> None:
    assert found(text) == [("ADDRESS", text)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("I live at Lindenring 12", "Lindenring 12"),
        ("Ship it to Kirchhof 3, please", "Kirchhof 3"),
        ("my address is Paldiski tee 5", "Paldiski tee 5"),
        ("Our office is at 971 Kesk 53", "971 Kesk 53"),
        ("The parcel arrived at Eyrarodda 66.", "Eyrarodda 66"),
        ("Please return the card to Leon and Eyrarodda 66", "Leon and Eyrarodda 66"),
        ('{"street": "9 The Gables", "city": "Hove"}', "9 The Gables"),
    ],
)
def test_a_street_without_a_word_for_it_is_found_where_an_address_is_said_to_follow(text: str, address: str) -> None:
    assert found(text) == [("ADDRESS", address)]
