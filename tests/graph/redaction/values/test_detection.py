"""Which of several findings at one place counts."""

from graph.redaction.values.detection import Candidate, Detection, resolve


def kinds_at(*candidates: Candidate, closed: tuple[tuple[int, int], ...] = ()) -> list[tuple[str, int, int]]:
    return [(candidate.entity_type, candidate.start, candidate.end) for candidate in resolve(candidates, 40, closed)]


def test_a_proven_value_wins_over_a_longer_guess_whose_rest_stays_hidden() -> None:
    found = kinds_at(Candidate("ADDRESS", 0, 20, False), Candidate("CARD", 5, 10, True))
    assert found == [("ADDRESS", 0, 5), ("CARD", 5, 10), ("ADDRESS", 10, 20)]


def test_the_longer_wins_then_the_earlier() -> None:
    assert kinds_at(Candidate("PHONE", 0, 8, False), Candidate("ACCOUNT", 0, 12, False)) == [("ACCOUNT", 0, 12)]
    assert kinds_at(Candidate("A", 2, 6, False), Candidate("B", 0, 4, False)) == [("B", 0, 4), ("A", 4, 6)]


def test_closed_spans_are_never_marked() -> None:
    assert kinds_at(Candidate("PERSON", 0, 12, False), closed=((4, 8),)) == [("PERSON", 0, 4), ("PERSON", 8, 12)]


def test_a_finding_does_not_show_its_value() -> None:
    assert "4111" not in repr(Detection("CARD", 0, 4, "4111", "4111"))
