"""What is known of the user and said before, cut to its share of the token budget."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.ports.memory import Clock, Memory
from graph.ports.models import CountTokens
from graph.state import LoadedMemory, Turn
from graph.turn.prompt import FACTS_SHARE, HISTORY_SHARE, SUMMARY_SHARE, newest_within, take_within


@dataclass(frozen=True, slots=True)
class LoadMemory:
    memory: Memory
    count: CountTokens
    clock: Clock
    budget: int
    """Tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        caller = runtime.context
        found = await self.memory.load(caller.user_id, caller.session_id, caller.employee)
        return Turn(
            today=self._today(found.time_zone),
            recollection=LoadedMemory(
                facts=take_within(found.facts, int(self.budget * FACTS_SHARE), self.count),
                summary="\n".join(
                    take_within(found.summary.splitlines(), int(self.budget * SUMMARY_SHARE), self.count)
                ),
                history=newest_within(found.history, int(self.budget * HISTORY_SHARE), self.count),
                summarized_to=found.summarized_to,
                searchable=found.searchable,
            ),
        )

    def _today(self, time_zone: str) -> str:
        """The date where the user lives; UTC if the profile names no zone that exists."""
        try:
            zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of zones, such as "America"
            zone = ZoneInfo("UTC")
        return self.clock().astimezone(zone).date().isoformat()
