"""The one list of what a model may call."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graph.errors import ConfigurationError
from graph.tool import Tool
from tools import account_balances_query, transaction_category_totals, transactions_query

CATALOG: tuple[Tool, ...] = (
    transactions_query.TOOL,
    transaction_category_totals.TOOL,
    account_balances_query.TOOL,
)


def by_name(tools: Iterable[Tool] = CATALOG) -> Mapping[str, Tool]:
    """The tools by their names.

    Raises:
        ConfigurationError: two tools have one name.
    """
    named: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in named:
            raise ConfigurationError(f"There are two tools named {tool.name}.")
        named[tool.name] = tool
    return MappingProxyType(named)
