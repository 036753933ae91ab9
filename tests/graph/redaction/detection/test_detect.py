"""What is found in a text, and what stays."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.redaction.detection.detect import analyzer, detect
from graph.redaction.rules.names.listed_names import may_hold_name
from graph.redaction.rules.vocabulary.word_lists import word_list
from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.placeholders import ENTITY_TYPE

ZERO_WIDTH, NO_BREAK = "\u200b", "\u00a0"


def found(text: str) -> list[tuple[str, str]]:
    return [(detection.entity_type, detection.value) for detection in detect(text)]


@pytest.mark.parametrize(
    ("text", "entity_type", "value"),
    [
        ("my card is 4111 1111 1111 1111", "CARD", "4111 1111 1111 1111"),
        ("4111-1111-1111-1111 expires 12/27", "CARD", "4111-1111-1111-1111"),
        ("4111.1111.1111.1111", "CARD", "4111.1111.1111.1111"),
        ("card4111111111111111", "CARD", "4111111111111111"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "CARD", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("use 3782 822463 10005 now", "CARD", "3782 822463 10005"),
        ("2223003122003222", "CARD", "2223003122003222"),
        ("diners 30569309025904", "CARD", "30569309025904"),
        ("Maestro 6304 0000 0000 0000", "CARD", "6304 0000 0000 0000"),
        ("4933870304038678414 was declined", "CARD", "4933870304038678414"),
        ("my card number is 4111 1111 1111 1112", "CARD", "4111 1111 1111 1112"),
        (
            f"4111{ZERO_WIDTH}1111{ZERO_WIDTH}1111{ZERO_WIDTH}1111",
            "CARD",
            f"4111{ZERO_WIDTH}1111{ZERO_WIDTH}1111{ZERO_WIDTH}1111",
        ),
        (f"4111{NO_BREAK}1111{NO_BREAK}1111{NO_BREAK}1111", "CARD", f"4111{NO_BREAK}1111{NO_BREAK}1111{NO_BREAK}1111"),
        ("My IBAN is DE89 3704 0044 0532 0130 00 please", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("de89370400440532013000", "IBAN", "de89370400440532013000"),
        ("GB29-NWBK-6016-1331-9268-19.", "IBAN", "GB29-NWBK-6016-1331-9268-19"),
        ("my SSN is 123-45-6789", "SSN", "123-45-6789"),
        ("ssn 123456789", "SSN", "123456789"),
        ("here: 912-70-1234", "ITIN", "912-70-1234"),
        ("my SIN is 046 454 286", "SIN", "046 454 286"),
        ("ABA: 021000021", "ROUTING", "021000021"),
        ("account number is 000123456789", "ACCOUNT", "000123456789"),
        ("acct #12345678", "ACCOUNT", "12345678"),
        ("12345678 is my account number", "ACCOUNT", "12345678"),
        ("sort code 12-34-56", "ACCOUNT", "12-34-56"),
        ("mail jane.doe+bank@example.co.uk.", "EMAIL", "jane.doe+bank@example.co.uk"),
        ("josé@exämple.de", "EMAIL", "josé@exämple.de"),
        ("john dot smith at gmail dot com", "EMAIL", "john dot smith at gmail dot com"),
        ("john(at)example.com", "EMAIL", "john(at)example.com"),
        ("call me at (415) 555-2671", "PHONE", "(415) 555-2671"),
        ("415.555.2671 x123", "PHONE", "415.555.2671 x123"),
        ("+44 20 7946 0958", "PHONE", "+44 20 7946 0958"),
        ("+1 415 555 2671 20 dollars", "PHONE", "+1 415 555 2671"),
        ("my cell is 4155552671", "PHONE", "4155552671"),
        ("phone: 555-1234", "PHONE", "555-1234"),
        ("06 12 34 56 78", "PHONE", "06 12 34 56 78"),
        ("from ip 192.168.1.10", "IP", "192.168.1.10"),
        ("2001:0db8:85a3::8a2e:0370:7334", "IP", "2001:0db8:85a3::8a2e:0370:7334"),
        ("00:1B:44:11:3A:B7", "MAC", "00:1B:44:11:3A:B7"),
        ("I live at 123 Main Street, Springfield, IL 62704", "ADDRESS", "123 Main Street, Springfield, IL 62704"),
        ("to 42 Elm Ave Apt 5B, Denver, CO 80203-1234", "ADDRESS", "42 Elm Ave Apt 5B, Denver, CO 80203-1234"),
        ("Musterstraße 12, 10115 Berlin", "ADDRESS", "Musterstraße 12, 10115 Berlin"),
        ("P.O. Box 1234, Austin, TX 78701", "ADDRESS", "P.O. Box 1234, Austin, TX 78701"),
        ("zip code is 94110", "POSTAL", "94110"),
        ("near K1A 0B1", "POSTAL", "K1A 0B1"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("passport number is X1234567", "PASSPORT", "X1234567"),
        ("my driver's license number is D1234567", "LICENSE", "D1234567"),
        ("EIN 12-3456789", "TAXID", "12-3456789"),
        ("NINO AB123456C", "ID", "AB123456C"),
        ("born on 12/03/1985", "BIRTHDATE", "12/03/1985"),
        ("the cvv is 123", "CVV", "123"),
        ("my pin is 4821", "PIN", "4821"),
        ("my password is hunter22!", "PASSWORD", "hunter22!"),
        ("my name is john smith", "PERSON", "john smith"),
        ("I'm Maria Garcia", "PERSON", "Maria Garcia"),
        ("Mr. O'Neill called", "PERSON", "O'Neill"),
        ("sent $50 to Maria Lopez", "PERSON", "Maria Lopez"),
        ("My wife Sarah pays the rent", "PERSON", "Sarah"),
        ("Ben Carter owes me 50", "PERSON", "Ben Carter"),
        ("transfer 50 to zdeněk kowalski", "PERSON", "zdeněk kowalski"),
        ("Will Rodriguez paid me", "PERSON", "Will Rodriguez"),
        ("ZELLE TO XIMENA VILLALOBOS 03/14", "PERSON", "XIMENA VILLALOBOS"),
        ("i'm roberto's daughter", "PERSON", "roberto"),
        ("cancel it.\n\nRegards,\nLemitos Zuraka", "PERSON", "Lemitos Zuraka"),
        ("DE89.3704.0044.0532.0130.00", "IBAN", "DE89.3704.0044.0532.0130.00"),
        ("4000 0000 0000 0000 006", "CARD", "4000 0000 0000 0000 006"),
        ("write to jane.doe @ example.com", "EMAIL", "jane.doe @ example.com"),
        ("jane@example[dot]com", "EMAIL", "jane@example[dot]com"),
        ("it is jane .doe @exa mple .com", "EMAIL", "jane .doe @exa mple .com"),
        ("the employer identification number on the W-2 is 12-3456789", "TAXID", "12-3456789"),
        ("is 046454286 a valid SIN?", "SIN", "046454286"),
        ("born on the 4th of May 1980", "BIRTHDATE", "4th of May 1980"),
        ("to Flat 34, 17 Elm Gardens, Bristol BS8 1TH", "ADDRESS", "Flat 34, 17 Elm Gardens, Bristol BS8 1TH"),
        ("I live at 93 walnut place", "ADDRESS", "93 walnut place"),
    ],
)
def test_personal_values_are_found(text: str, entity_type: str, value: str) -> None:
    assert found(text) == [(entity_type, value)]


@pytest.mark.parametrize(
    "text",
    [
        "How much did I spend at Starbucks last month?",
        "Show my transactions from 2024-01-15 to 2024-02-15",
        "What was my total on 01/15/2024 10:30 at Trader Joe's?",
        "Transaction 882391726312 for $1,234.56 was charged twice",
        "Transaction 550e8400-e29b-41d4-a716-446655440000 is wrong",
        "Why was order 112-3456789-1234567 charged on March 3, 2024?",
        "txn_882391726312 posted 2024-03-14T10:22:31Z",
        "Categorize everything from Whole Foods as Groceries",
        "Set a goal of $10,000 for a vacation in Hawaii by 12/31/2025",
        "I spent 200 at Main Street Cafe",
        "My balance is 1234567.89 and my limit is 5000",
        "1234.56 5678.90 1200.00 4500.25 3400.10",
        "I bought 3 shares of AAPL at 189.25 and 10 of TSLA",
        "Is the 401k contribution of 22500 for 2023 the max?",
        "account ending in 4242",
        "My account was charged 20240115 twice",
        "I am only 17. Can I make an account?",
        "Home Depot and Lowe's are too expensive",
        "I shopped at amazon.com and paid via PayPal 50 dollars",
        "I live in Denver and work in Boulder",
        "It costs 123 456 789 EUR and 4111 1111 USD",
        "How much did I spend at Joe's Pizza and Maria's Kitchen?",
        "Charles Schwab and Johnson & Johnson pay dividends",
        "Cancel my Victoria's Secret card, I moved to San Diego",
        "amazon mktplce eu-uk",
        "T-Mobile 3180.15 11/03/2024",
        "Order NQ-984101 was late, transaction FS-404540 at netflix is wrong",
        "[CARD_7K3Q9D] was declined, PERSON and [1]",
        "?!…",
        "",
    ],
)
def test_amounts_dates_shops_places_and_ids_stay(text: str) -> None:
    assert found(text) == []


def test_several_values_are_found_at_their_places() -> None:
    text = "Card 5555555555554444, cvv 123, routing 021000021, account 123456789, mail a.b@c.io"
    assert [entity_type for entity_type, _ in found(text)] == ["CARD", "CVV", "ROUTING", "ACCOUNT", "EMAIL"]
    assert all(text[detection.start : detection.end] == detection.value for detection in detect(text))


def test_two_spellings_of_a_value_have_one_key() -> None:
    spellings = {
        "CARD": ["4111 1111 1111 1111", "4111-1111-1111-1111", "\uff14111111111111111"],
        "IBAN": ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"],
        "PHONE": ["+1 415 555 2671", "(415) 555-2671"],
        "EMAIL": ["Jane@Example.com", "jane@example.com"],
        "PERSON": ["my name is John Smith", "my name is john  smith"],
    }
    for entity_type, texts in spellings.items():
        keys = {(detection.entity_type, detection.key) for text in texts for detection in detect(text)}
        assert [name for name, _ in keys] == [entity_type]


def test_a_name_is_found_again_in_full_and_in_part() -> None:
    text = "My name is Ximena Quiroga. Tell Ximena what Ximena Quiroga paid."
    assert [value for _, value in found(text)] == ["Ximena Quiroga", "Ximena", "Ximena Quiroga"]


def test_names_of_employees_stay_but_not_people_called_like_them() -> None:
    kept = {"Crystal", "Savage Sally"}
    assert [detection.value for detection in detect("I'm Crystal Smith. Hi Savage Sally", kept)] == ["Crystal Smith"]
    assert [detection.value for detection in detect("Hey Crystal, ask Savage Sally", kept)] == []


def test_masked_text_is_masked_no_further() -> None:
    text = "John Smith [EMAIL_ABCDEF] paid [PERSON_7K3Q9D]'s rent with [CARD_411111]"
    assert found(text) == [("PERSON", "John Smith")]


def test_every_kind_fits_into_a_token() -> None:
    assert all(re.fullmatch(ENTITY_TYPE, entity_type) for entity_type in ENTITY_TYPES)
    recognizers = analyzer().registry.recognizers
    assert {entity_type for recognizer in recognizers for entity_type in recognizer.supported_entities} == set(
        ENTITY_TYPES
    ) - {"ENCODED"}


@given(st.text(max_size=80) | st.text("0123456789 -.+()@AaJohn,", max_size=80))
@settings(max_examples=60, deadline=None)
def test_findings_are_in_order_apart_and_true_to_the_text(text: str) -> None:
    detections = detect(text)
    assert all(text[detection.start : detection.end] == detection.value != "" for detection in detections)
    assert all(first.end <= second.start for first, second in pairwise(detections))


@pytest.mark.parametrize(
    "unit",
    [
        "a.",
        "1 ",
        "@",
        "a@",
        "1234567890",
        "4111 ",
        "[",
        "'",
        "a-",
        "1.1.1.1 ",
        "ab:",
        "XX88 ",
        "12 Main Elm ",
        "my name is a ",
        *(
            "%41",
            "a=b+c&",
            "one-two ",
            "1. 4111\n",
            "l1O0",
            "D E 8 9 ",
            "12345678/",
            "tax id 1 ",
            "12.345.678-",
            "conta 1-",
        ),
        *(
            "@a.b ",
            "user name is ",
            "a<at>b",
            "eyJabcdefgh.",
            "-----BEGIN PRIVATE KEY-----",
            "seed phrase is ",
            "apple ",
        ),
        *("the code sent ", "born on 1 ", "1.12345, ", '"a":"', "ssn;tel\n1;", "YWFh", "4a4b", "+55 (11) ", "A1B2C3D4"),
    ],
)
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    detect("warm")
    text = (unit * 8000)[:8000] + "com"
    begun = time.process_time()
    detect(text)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("text", "looked_at"),
    [
        ("How much did I spend on groceries last month?", False),
        ("WHY WAS MY CARD DECLINED", False),
        ("how do i pay", False),
        ("Zoltan paid me back", True),
        ("tell natalia i paid", True),
        ("Will Hope is my landlord", True),
        ("Rent for 美咲", True),
        ("transfer to нина", False),
    ],
)
def test_the_name_model_is_asked_only_where_a_guess_could_count(text: str, looked_at: bool) -> None:
    assert may_hold_name(text) is looked_at


@pytest.mark.parametrize("word", sorted(word_list("plain_words.txt")))
def test_a_plain_word_is_in_no_list_of_names(word: str) -> None:
    lists = ("given_names.txt", "family_names.txt", "word_names.txt", "word_family_names.txt")
    assert [each for each in lists if word in word_list(each)] == []
