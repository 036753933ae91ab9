"""An id that a client sends is accepted if it looks random, and refused if it could hold a value."""

import random
from uuid import UUID

import pytest

from graph.web.opaque_ids import is_random, is_request_id

ACCEPTED = [
    "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6",
    "018f5a2b-3c4d-7e6f-8a9b-0c1d2e3f4a5b",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "9f81d4fa",
    "f81d4fae7dec",
]
REFUSED = [
    "",
    "4111111111111111",
    "4111-1111-1111-1111",
    "card-4111111111111111",
    "123-45-6789",
    "DE89370400440532013000",
    "vera.quill@kestrelmail.com",
    "Vera_Quillfeather",
    "00000000000000004111111111111111",
    "41111111111111114111111111111111",
    "00004111-1111-4111-8111-100000000000",
    "abcdef41-1111-4111-8111-111111abcdef",
    b"4111111111111111".hex(),
    b"vera@mail.com...".hex(),
    "a123456789",
    "ab19800412cd",
    "12345678",
    b"jane".hex(),
    "deadbee",
    "f81d4fae-7dec-41d0-a765-00a0c91e6bf6 4111111111111111",
    "f81d4fae-7dec-41d0-a765-00a0c91e6bf6\n",
    "f81d4fae-7dec-91d0-a765-00a0c91e6bf6",
    "\uff11" * 32,
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_random_id_is_accepted(text: str) -> None:
    assert is_request_id(text)


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_could_hold_a_value_is_refused(text: str) -> None:
    assert not is_request_id(text)


@pytest.mark.parametrize("digits", ["4111111111111111", "0004111111111111", b"vera.q@k".hex()])
def test_a_span_id_that_could_hold_a_value_is_refused(digits: str) -> None:
    assert not is_random(digits)


def test_nearly_every_random_id_is_accepted() -> None:
    dice = random.Random(7)
    drawn = [str(UUID(int=dice.getrandbits(128), version=4)) for _ in range(2000)]
    assert sum(map(is_request_id, drawn)) > 0.98 * len(drawn)
