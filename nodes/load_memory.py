"""Loads the memory of the user and the conversation."""

from dataclasses import dataclass

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.ports.memory import Clock, Memory
from graph.ports.models import CountTokens
from graph.state import LoadedMemory, ProfileDefaults, Turn
from graph.turn.prompt import FACTS_SHARE, HISTORY_SHARE, SUMMARY_SHARE, newest_within, take_within
from graph.values.profile import Profile, zone_of


@dataclass(frozen=True, slots=True)
class LoadMemory:
    """Reads facts, summary and history, cuts each to its share of the token budget, and dates the turn."""

    memory: Memory
    count_tokens: CountTokens
    clock: Clock
    budget: int
    """Maximum tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        context = runtime.context
        stored = await self.memory.load(context.user_id, context.session_id, context.employee)
        facts = [*name_facts(stored.profile), *stored.facts]
        summary = take_within(stored.summary.splitlines(), int(self.budget * SUMMARY_SHARE), self.count_tokens)
        return Turn(
            today=self._today(stored.profile.time_zone or "UTC"),
            profile=ProfileDefaults(locale=stored.profile.locale, currency=stored.profile.currency),
            recollection=LoadedMemory(
                facts=take_within(facts, int(self.budget * FACTS_SHARE), self.count_tokens),
                summary="\n".join(summary),
                history=newest_within(stored.history, int(self.budget * HISTORY_SHARE), self.count_tokens),
                summarized_to=stored.summary_until,
                searchable=stored.has_embeddings,
            ),
        )

    def _today(self, time_zone: str) -> str:
        """The date where the user lives; in UTC if the profile names no existing time zone."""
        try:
            zone = zone_of(time_zone)
        except ValueError:
            zone = zone_of("UTC")
        return self.clock().astimezone(zone).date().isoformat()


def name_facts(profile: Profile) -> list[str]:
    """The name to call the user by, as a fact about the user."""
    return [f"Wants to be called {profile.name}"] if profile.name else []
