"""Long texts in pieces, and what is found in them put together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.detection.chunking import MAX_CHUNK_CHARS, OVERLAP_CHARS, Chunk, join_detections, split
from graph.redaction.values.detection import Detection


def detection(text: str, start: int) -> Detection:
    return Detection("CARD", start, start + len(text), text, text)


def test_a_short_text_is_one_piece() -> None:
    assert split("short") == [Chunk(0, "short")]


@given(st.integers(0, 40_000), st.sampled_from(["x", "word ", "line\n", "a b\n"]))
def test_pieces_overlap_and_leave_nothing_out(length: int, unit: str) -> None:
    text = (unit * length)[:length]
    chunks = split(text)
    assert all(len(chunk.text) <= MAX_CHUNK_CHARS and text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert (chunks[0].start, chunks[-1].end) == (0, length)
    assert all(OVERLAP_CHARS // 2 < first.end - second.start <= OVERLAP_CHARS for first, second in pairwise(chunks))


def test_pieces_end_and_begin_at_a_blank() -> None:
    first, second = split("word " * 2000)
    assert first.text.endswith(" ")
    assert second.text.startswith("word")


def test_what_two_pieces_found_counts_once() -> None:
    chunks = [Chunk(0, "a 4111"), Chunk(2, "4111 b")]
    assert join_detections(chunks, [[detection("4111", 2)], [detection("4111", 0)]]) == [detection("4111", 2)]


def test_what_a_piece_saw_only_in_part_is_completed_by_the_next() -> None:
    chunks = [Chunk(0, "a 4111"), Chunk(2, "411122 b")]
    assert join_detections(chunks, [[detection("4111", 2)], [detection("411122", 0)]]) == [
        detection("4111", 2),
        detection("22", 6),
    ]
