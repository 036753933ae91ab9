"""Ways to reach somebody: telephone numbers in eight languages, e-mail addresses spelled out, handles."""

import pytest

from tests.support.masked import left, masked


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("mi teléfono es 91 123 45 67", "91 123 45 67"),
        ("llámame al 612 345 678", "612 345 678"),
        ("meine handynummer: 170 1234567", "170 1234567"),
        ("ruf mich an 89 123456", "89 123456"),
        ("mon portable c'est 6 12 34 56 78", "6 12 34 56 78"),
        ("il mio numero è 347 1234567", "347 1234567"),
        ("meu celular é 11 98765-4321", "11 98765-4321"),
        ("mijn nummer is 6 12345678", "6 12345678"),
        ("मेरा नंबर 98765 43210", "98765 43210"),
        ("my no. is 91 9820098200", "91 9820098200"),
        ("they won't answer at 555-0143", "555-0143"),
        ("212/555/0177 - call anytime", "212/555/0177"),
        ("98200 98200", "98200 98200"),
        ("11 98765-4321", "11 98765-4321"),
        ("+91-98200-98200", "+91-98200-98200"),
        ("call 415 - 555 - 2671", "415 - 555 - 2671"),
        ("call four one five five five five two six seven one", "four one five five five five two six seven one"),
        ("0049 170 1234567", "0049 170 1234567"),
        ("+55 (11) 98765-4321", "+55 (11) 98765-4321"),
    ],
)
def test_a_telephone_number_is_found_in_eight_languages(text: str, number: str) -> None:
    assert masked(text) == [number]


@pytest.mark.parametrize(
    "address",
    [
        "jane dot doe at example dot com",
        "jane (at) example [dot] com",
        "jane.doe<at>example.com",
        "jane.doe_at_example.com",
        "jane.doe@example,com",
        '"jane doe"@example.com',
        "jane.doe arobase exemple point fr",
        "jane arroba ejemplo punto es",
        "jane.doe%40example.com",
        "jane.doe&#64;example.com",
        "jane.doe\\u0040example.com",
        "jane.doe77 at gmail",
        "jane.doe{at}example{dot}org",
        "jane.doe@ example.com",
        "jane . doe @ example . com",
        "j a n e @ e x a m p l e . c o m",
        "jane dash doe at example dot org",
        "jane ponto doe arroba exemplo ponto com",
    ],
)
def test_an_address_that_is_spelled_out_is_masked_whole(address: str) -> None:
    assert left(f"write: {address}") == "write"


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("Venmo @jane-purcell-22 20", "@jane-purcell-22"),
        ("ig @jane.purcell", "@jane.purcell"),
        ("send it to @jdoe please", "@jdoe"),
        ("cash app $janedoe", "$janedoe"),
        ("my cashtag is $JDoe1987", "$JDoe1987"),
        ("t.me/jane_purcell", "jane_purcell"),
        ("linkedin.com/in/jane-purcell-4b1a", "jane-purcell-4b1a"),
        ("username: jpurcell1987", "jpurcell1987"),
        ("my snap is janeroe22", "janeroe22"),
        ("insta: jane.roe", "jane.roe"),
        ("discord jane#1234", "jane#1234"),
        ("user janeroe77 cannot log in", "janeroe77"),
        ("paypal.me/janepurcell", "janepurcell"),
        ("@jane_purcell owes me", "@jane_purcell"),
    ],
)
def test_a_handle_is_found(text: str, handle: str) -> None:
    assert masked(text) == [handle]


@pytest.mark.parametrize(
    "text",
    [
        "venmo is down and insta is slow",
        "paypal unique82 charged me, ebay x1234 did not",
        "I bought $AAPL and $TSLA, $BRK.B too",
        "lunch @Chipotle was $12.50",
        "2 coffees @ 4.50 each",
        "I work at Yahoo and look at Outlook",
        "meet me at point five",
        "I called 3 times about 1,250,000 dollars",
        "my number of orders is 1200 in 2026",
        "call me when I have 2618558, my phone bill is 8069784",
        "DELTA AIR 0062341234567 and $amc at 190",
        "login: page is slow, user name: who knows",
        "call me about the 2020-2024 taxes",
        "the line is 12 people long",
        "text 5 to vote and pay $20",
        "username or password is wrong",
        "Is the user name the same as the login?",
        "spent 2500 on mobile in 2025",
    ],
)
def test_ordinary_sentences_name_nobody(text: str) -> None:
    assert masked(text) == []
