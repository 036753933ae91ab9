import uuid
from collections.abc import Callable

from tests.support.ledgers import Ledger, UserRows
from tools.shared.categories import SYSTEM_CATEGORIES, resolve_categories


async def test_models_are_told_the_categories_that_the_database_holds(rows_of: Callable[[str], UserRows]) -> None:
    stored = await rows_of(str(uuid.uuid4())).fetch("categories")
    assert sorted(row["name"] for row in stored) == sorted(SYSTEM_CATEGORIES)


async def test_names_are_spelt_as_stored_and_counted_once(
    rows_of: Callable[[str], UserRows], ledger: Ledger, user: str
) -> None:
    await ledger.add_categories(user, ["Pets"])
    assert await resolve_categories([" pets", "GROCERIES", "Pets"], rows_of(user)) == ["Pets", "Groceries"]
