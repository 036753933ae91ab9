"""Which names of people are found, by their form and by what stands around them, and what is nobody's name."""

import pytest

from graph.redaction.detection.detect import detect


def people(text: str) -> list[str]:
    return [detection.value for detection in detect(text) if detection.entity_type == "PERSON"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ZELLE TO MARISOL QUIRARTE 03/14", ["MARISOL QUIRARTE"]),
        ("WIRE FROM ADESUWA OGHENE-WRIGHT 1200", ["ADESUWA OGHENE-WRIGHT"]),
        ("FASTER PAYMENT FROM T OYEBANJI REF RENT", ["T OYEBANJI"]),
        ("PIX PARA JOÃO CARVALHO", ["JOÃO CARVALHO"]),
        ("Transfer to Nomvula Khathane", ["Nomvula Khathane"]),
        ("send 40 to priya raghunathan", ["priya raghunathan"]),
        ("pay aleksandra wojciechowska back", ["aleksandra wojciechowska"]),
    ],
)
def test_a_name_behind_the_words_of_a_payment_is_found(text: str, names: list[str]) -> None:
    assert people(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "DOE, JANE",
        "Okonkwo, Chidi",
        "OYEBANJI, T",
        "J. Whitcombe",
        "JanePurcell",
        "Zhang Xiaoming",
        "Nguyễn Thị Hồng Nhung",
        "Caoimhe Ní Bhriain",
        "Abdulrahman Al-Qahtani",
        "Venkata Subramanian",
        "Fatoumata Diallo",
        "Sigríður Jónsdóttir",
        "María del Carmen Ortiz de la Cruz",
    ],
)
def test_a_name_is_found_by_its_form(text: str) -> None:
    assert people(text) == [text]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"first_name": "Ngozi", "last_name": "Okonjo"}', ["Ngozi", "Okonjo"]),
        ('{"name": "Araminta Farthingale", "amount": 40}', ["Araminta Farthingale"]),
        ("date,name,amount\n2024-01-02,Tamsin Oyebanji,40", ["Tamsin Oyebanji"]),
        ("<Payee>Araminta Farthingale</Payee>", ["Araminta Farthingale"]),
        ("https://x.example/?first=Araminta&last=Farthingale", ["Araminta", "Farthingale"]),
        ("payee=Araminta+Farthingale&x=1", ["Araminta+Farthingale"]),
        ("nom=Lefebvre&prenom=Aurélie", ["Lefebvre", "Aurélie"]),
        ("insert into t values (1,'Araminta Farthingale')", ["Araminta Farthingale"]),
        (":50K:/DE54\nARAMINTA FARTHINGALE", ["ARAMINTA FARTHINGALE"]),
    ],
)
def test_a_name_in_a_field_is_found(text: str, names: list[str]) -> None:
    assert people(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"That is late," says Hauta-aho.', ["Hauta-aho"]),
        ("Usha and Vukelja paid", ["Usha", "Vukelja"]),
        ("Danial, can I have my money back?", ["Danial"]),
        ("Zurak is my landlord", ["Zurak"]),
        ("Tell Vukeljan that the rent is paid", ["Vukeljan"]),
        ("Good morning Vukeljan, how are you?", ["Vukeljan"]),
        ("The contract between Fiedorczuk and me ends in May", ["Fiedorczuk"]),
        ("I gave Anneli power of attorney", ["Anneli"]),
        ("Correct the name on my card to Vukeljan", ["Vukeljan"]),
        ("김민수에게 보내줘", ["김민수"]),
        ("переведи Ивану Петрову 300", ["Ивану Петрову"]),
    ],
)
def test_a_name_is_found_by_what_stands_around_it(text: str, names: list[str]) -> None:
    assert people(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "Max out my Roth IRA",
        "Compare Mar and Apr",
        "What did NVDA pay?",
        "How much at Mercadona?",
        "Cancel Hillside Dental",
        "Transfer 40 to Rainy Day Savings",
        "TRANSFER TO SAVINGS 4417",
        "WIRE FROM NORTHWIND ROBOTICS INC",
        '{"name": "Japan Trip", "target": 4000}',
        '{"name": "Kitchen Remodel"}',
        "name,balance\nEveryday Checking,400\nVacation Fund,20",
        "esso perry barr",
        "I changed Russian Ruble to UK pounds",
        "Black and Decker drill from Barnes and Noble",
        "Honestly, can I afford it?",
        "Max contribution for an HSA",
        "Nordstrom Rack return 58",
        "Sallie Mae loan 212.40",
        "Round trip to Denver",
        "Hello there, team",
        "Hamilton tickets in Chicago",
    ],
)
def test_what_is_nobodys_name_stays(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Convert 205.84 USD to dollars.",
        "Chart Rewe and Lidl by month",
        "Please discard this. Describe Rewe instead",
        "Itemise Tesco purchases since May",
        "and analyse Rewe too",
        "- Reconcile Rewe",
    ],
)
def test_a_word_that_begins_a_request_makes_no_name(text: str) -> None:
    assert detect(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("Repay Ximena Quiroga on Friday", "Ximena Quiroga"), ("Notify Marisol that I paid", "Marisol")],
)
def test_a_name_behind_a_word_that_begins_a_request_is_found(text: str, name: str) -> None:
    assert [each.value for each in detect(text)] == [name]
