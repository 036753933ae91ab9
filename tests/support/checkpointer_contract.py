"""What LangGraph asks of every checkpointer: its own conformance suite, with no part left out."""

from collections.abc import AsyncIterator, Callable

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate

PARTS = ("put", "put_writes", "get_tuple", "list", "delete_thread", "delete_for_runs", "copy_thread", "prune")


async def assert_conforms(make: Callable[[], BaseCheckpointSaver[str]]) -> None:
    """Run every part on a checkpointer of its own. Every part is found and has tests; none fails or is skipped."""

    @checkpointer_test(name="saver")
    async def checkpointer() -> AsyncIterator[BaseCheckpointSaver[str]]:
        yield make()

    results = (await validate(checkpointer)).results
    assert {name: result.failures for name, result in results.items() if result.failures} == {}
    assert {
        name for name, result in results.items() if result.passed and result.tests_passed and not result.tests_skipped
    } == set(PARTS)
    assert set(results) == set(PARTS), "the suite has a part that is not listed here"
