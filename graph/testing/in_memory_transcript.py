"""The history in memory (port `Transcript`): the turns of all sessions, with the branches that they are in."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from uuid import uuid4

from graph.ports.memory import StoredTurn, TurnRecord


@dataclass(slots=True)
class HistoryTurn:
    """A stored turn."""

    record: TurnRecord
    question_id: str
    answer_id: str
    superseded_by: str | None = None
    """The run that superseded the turn; None in the current branch."""

    @property
    def question(self) -> str:
        return str(self.record.messages[0].text)


class InMemoryTranscript:
    """Stores turns in the order in which they are recorded."""

    def __init__(self, fence: Callable[[str, str, int], object] = lambda user_id, run_id, epoch: None) -> None:
        """
        Args:
            fence: raises `LeaseLost` unless the run of this user is in this epoch.
        """
        self.turns: list[HistoryTurn] = []
        self._fence = fence

    async def record(self, turn: TurnRecord) -> str:
        if turn.epoch:
            self._fence(turn.user_id, turn.run_id, turn.epoch)
        stored = self._turn(turn.user_id, turn.run_id)
        if stored is None:
            stored = HistoryTurn(turn, question_id=str(uuid4()), answer_id=str(uuid4()))
            self.turns.append(stored)
        return stored.answer_id

    async def find(self, user_id: str, run_id: str) -> StoredTurn | None:
        turn = self._turn(user_id, run_id)
        if turn is None:
            return None
        record = turn.record
        return StoredTurn(turn.answer_id, record.messages, record.usage, record.status, record.error)

    def _turn(self, user_id: str, run_id: str) -> HistoryTurn | None:
        turns = (turn for turn in self.turns if (turn.record.user_id, turn.record.run_id) == (user_id, run_id))
        return next(turns, None)

    def branch(self, user_id: str, session_id: str) -> list[HistoryTurn]:
        """The turns of the session's current branch, in order."""
        return [turn for turn in self.session(user_id, session_id) if turn.superseded_by is None]

    def session(self, user_id: str, session_id: str) -> list[HistoryTurn]:
        """All turns of the session, in order."""
        place = (user_id, session_id)
        return [turn for turn in self.turns if (turn.record.user_id, turn.record.session_id) == place]

    def supersede(self, user_id: str, session_id: str, versions: Set[str], run_id: str) -> None:
        """Supersede the first turn of the current branch that one of these runs made, and all turns after it."""
        branch = self.branch(user_id, session_id)
        first = next((number for number, turn in enumerate(branch) if turn.record.run_id in versions), len(branch))
        for turn in branch[first:]:
            turn.superseded_by = run_id
