"""Long texts in pieces, and what is found in them put together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.detection.chunking import LONGEST_PIECE, OVERLAP, Piece, cut, joined
from graph.redaction.values.detection import Finding


def finding(text: str, start: int) -> Finding:
    return Finding("CARD", start, start + len(text), text, text)


def test_a_short_text_is_one_piece() -> None:
    assert cut("short") == [Piece(0, "short")]


@given(st.integers(0, 40_000), st.sampled_from(["x", "word ", "line\n", "a b\n"]))
def test_pieces_overlap_and_leave_nothing_out(length: int, unit: str) -> None:
    text = (unit * length)[:length]
    pieces = cut(text)
    assert all(len(piece.text) <= LONGEST_PIECE and text[piece.start : piece.end] == piece.text for piece in pieces)
    assert (pieces[0].start, pieces[-1].end) == (0, length)
    assert all(OVERLAP // 2 < first.end - second.start <= OVERLAP for first, second in pairwise(pieces))


def test_pieces_end_and_begin_at_a_blank() -> None:
    first, second = cut("word " * 2000)
    assert first.text.endswith(" ")
    assert second.text.startswith("word")


def test_what_two_pieces_found_counts_once() -> None:
    pieces = [Piece(0, "a 4111"), Piece(2, "4111 b")]
    assert joined(pieces, [[finding("4111", 2)], [finding("4111", 0)]]) == [finding("4111", 2)]


def test_what_a_piece_saw_only_in_part_is_completed_by_the_next() -> None:
    pieces = [Piece(0, "a 4111"), Piece(2, "411122 b")]
    assert joined(pieces, [[finding("4111", 2)], [finding("411122", 0)]]) == [finding("4111", 2), finding("22", 6)]
