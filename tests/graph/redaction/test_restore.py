"""Putting values back, in the spellings that models use."""

import pytest

from graph.redaction.restore import restore, restore_json, tokens_in
from graph.redaction.tokens import TOKEN, new_token

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
    assert restore(written, VALUES) == restored


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
        "[NOSUCH_7K3Q9D]",
        "",
    ],
)
def test_what_was_not_issued_stays_text(written: str) -> None:
    assert restore(written, VALUES) == written


def test_a_value_that_looks_like_a_token_is_not_restored_again() -> None:
    assert restore("[ID_000000]", {"[ID_000000]": CARD, CARD: "4111"}) == CARD


def test_all_tokens_are_collected_as_they_were_issued() -> None:
    assert tokens_in(r"\[card\_7k3q9d\] and PERSON_0A1B2C, [1]") == {CARD, ANA}


def test_json_is_restored_at_every_depth_but_not_in_the_names_of_fields() -> None:
    arguments = {"to": ANA, "items": [{"card": f"use {CARD}"}, 3, None, True], CARD: 1.5}
    assert restore_json(arguments, VALUES) == {
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
