"""The list of all tools."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graph.errors import ConfigurationError
from graph.tool import Tool
from tools import (
    account_balances_query,
    add_category_rule,
    add_debt,
    add_transaction,
    anomalies,
    budget_status,
    bulk_recategorise,
    cancel_reminder,
    cash_flow_forecast,
    categorise_transaction,
    chart_budget_burn_down,
    chart_by_category,
    chart_by_month,
    chart_debt_payoff,
    compare_periods,
    create_category,
    create_goal,
    currency_conversion,
    debt_payoff_plan,
    delegate_to_employee,
    delete_budget,
    delete_category_rule,
    explain_category,
    export_transactions,
    goal_summary,
    handoff_to_employee,
    list_category_rules,
    list_debts,
    list_goals,
    list_reminders,
    loan_amortisation,
    merchant_insights,
    monthly_report,
    net_worth,
    recurring_payments,
    savings_forecast,
    search_knowledge,
    set_budget,
    set_reminder,
    spending_by_account,
    spending_by_merchant,
    spending_by_month,
    split_transaction,
    suggest_category,
    suggest_goal_actions,
    tax_summary,
    transaction_category_totals,
    transactions_query,
    undo_split,
    upcoming_obligations,
    update_debt,
    update_goal_progress,
)

CATALOG: tuple[Tool, ...] = (
    transactions_query.TOOL,
    transaction_category_totals.TOOL,
    account_balances_query.TOOL,
    spending_by_month.TOOL,
    spending_by_merchant.TOOL,
    spending_by_account.TOOL,
    compare_periods.TOOL,
    merchant_insights.TOOL,
    recurring_payments.TOOL,
    anomalies.TOOL,
    categorise_transaction.TOOL,
    bulk_recategorise.TOOL,
    create_category.TOOL,
    add_category_rule.TOOL,
    list_category_rules.TOOL,
    delete_category_rule.TOOL,
    suggest_category.TOOL,
    explain_category.TOOL,
    add_transaction.TOOL,
    split_transaction.TOOL,
    undo_split.TOOL,
    chart_by_category.TOOL,
    chart_by_month.TOOL,
    chart_budget_burn_down.TOOL,
    chart_debt_payoff.TOOL,
    monthly_report.TOOL,
    export_transactions.TOOL,
    search_knowledge.TOOL,
    handoff_to_employee.TOOL,
    delegate_to_employee.TOOL,
    list_goals.TOOL,
    goal_summary.TOOL,
    suggest_goal_actions.TOOL,
    create_goal.TOOL,
    update_goal_progress.TOOL,
    budget_status.TOOL,
    set_budget.TOOL,
    delete_budget.TOOL,
    list_debts.TOOL,
    debt_payoff_plan.TOOL,
    add_debt.TOOL,
    update_debt.TOOL,
    loan_amortisation.TOOL,
    savings_forecast.TOOL,
    upcoming_obligations.TOOL,
    list_reminders.TOOL,
    set_reminder.TOOL,
    cancel_reminder.TOOL,
    cash_flow_forecast.TOOL,
    net_worth.TOOL,
    tax_summary.TOOL,
    currency_conversion.TOOL,
)


def by_name(tools: Iterable[Tool] = CATALOG) -> Mapping[str, Tool]:
    """The tools by name.

    Raises:
        ConfigurationError: two tools have one name.
    """
    named: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in named:
            raise ConfigurationError(f"There are two tools named {tool.name}.")
        named[tool.name] = tool
    return MappingProxyType(named)
