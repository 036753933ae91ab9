"""The one list of what a model may call."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graph.errors import ConfigurationError
from graph.tool import Tool
from tools import (
    account_balances_query,
    anomalies,
    booking,
    budgets,
    cash_flow_forecast,
    categorising,
    category_advice,
    category_rules,
    charts,
    compare_periods,
    currency_conversion,
    debts,
    delegate_to_employee,
    export_transactions,
    goals,
    handoff_to_employee,
    loans,
    merchant_insights,
    monthly_report,
    net_worth,
    recurring_payments,
    reminders,
    search_knowledge,
    spending,
    tax_summary,
    transaction_category_totals,
    transactions_query,
    upcoming_obligations,
)

CATALOG: tuple[Tool, ...] = (
    transactions_query.TOOL,
    transaction_category_totals.TOOL,
    account_balances_query.TOOL,
    *spending.TOOLS,
    compare_periods.TOOL,
    merchant_insights.TOOL,
    recurring_payments.TOOL,
    anomalies.TOOL,
    *categorising.TOOLS,
    *category_rules.TOOLS,
    *category_advice.TOOLS,
    *booking.TOOLS,
    *charts.TOOLS,
    monthly_report.TOOL,
    export_transactions.TOOL,
    search_knowledge.TOOL,
    handoff_to_employee.TOOL,
    delegate_to_employee.TOOL,
    *goals.TOOLS,
    *budgets.TOOLS,
    *debts.TOOLS,
    *loans.TOOLS,
    upcoming_obligations.TOOL,
    *reminders.TOOLS,
    cash_flow_forecast.TOOL,
    net_worth.TOOL,
    tax_summary.TOOL,
    currency_conversion.TOOL,
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
