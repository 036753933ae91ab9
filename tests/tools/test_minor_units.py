"""Amounts have the decimals of their currency wherever they are shown, and no more where they are given."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from graph.tool import DISPLAY, Tool, ToolContext, ToolError
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import Ledger, spent
from tools.catalog import CATALOG
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.matplotlib_chart import build_figure

TOOLS = {tool.name: tool for tool in CATALOG}
DECIMALS = {"JPY": 0, "KWD": 3, "USD": 2}
CURRENCIES = pytest.mark.parametrize("currency", list(DECIMALS))


def units(count: int, currency: str) -> Decimal:
    """So many of the smallest unit."""
    return Decimal(count).scaleb(-DECIMALS[currency])


async def call(name: str, context: ToolContext, /, **arguments: Any) -> Any:
    tool = TOOLS[name]
    return await tool.function(tool.arguments.model_validate(arguments), context)


async def preview(name: str, context: ToolContext, /, **arguments: Any) -> Any:
    tool: Tool = TOOLS[name]
    assert tool.preview
    return await tool.preview(tool.arguments.model_validate(arguments), context)


# What is given --------------------------------------------------------------------------------------------------------

GIVEN: list[tuple[str, dict[str, Any], str]] = [
    ("create_goal", {"name": "Tokyo"}, "target_amount"),
    ("create_goal", {"name": "Tokyo", "target_amount": "1000"}, "current_amount"),
    ("update_goal_progress", {"goal": "Bicycle"}, "current_amount"),
    ("update_goal_progress", {"goal": "Bicycle"}, "add_amount"),
    ("add_transaction", {"type": "expense", "merchant": "Souq"}, "amount"),
    ("set_budget", {"category": "Groceries"}, "monthly_amount"),
    ("add_debt", {"name": "Loan", "annual_rate_percent": "5", "minimum_payment": "1"}, "balance"),
    ("add_debt", {"name": "Loan", "annual_rate_percent": "5", "balance": "100"}, "minimum_payment"),
    ("update_debt", {"debt": "Card"}, "balance"),
    ("update_debt", {"debt": "Card"}, "minimum_payment"),
    ("debt_payoff_plan", {}, "extra_payment"),
    ("loan_amortisation", {"annual_rate_percent": "5", "months": 12}, "principal"),
    ("loan_amortisation", {"annual_rate_percent": "5", "principal": "100"}, "monthly_payment"),
    ("loan_amortisation", {"annual_rate_percent": "5", "principal": "100", "months": 12}, "extra_payment"),
    ("savings_forecast", {"annual_rate_percent": "5", "months": 12}, "starting_balance"),
    ("savings_forecast", {"annual_rate_percent": "5", "months": 12}, "monthly_contribution"),
    ("chart_debt_payoff", {"annual_rate_percent": "5", "monthly_payment": "50"}, "balance"),
    ("chart_debt_payoff", {"annual_rate_percent": "5", "balance": "100"}, "monthly_payment"),
    ("currency_conversion", {"to_currency": "USD"}, "amount"),
]
WITHOUT_CURRENCY = ("update_goal_progress", "update_debt")


def arguments_of(name: str, given: dict[str, Any], field: str, amount: str, currency: str) -> dict[str, Any]:
    named = "from_currency" if name == "currency_conversion" else "currency"
    return {**given, field: amount, **({} if name in WITHOUT_CURRENCY else {named: currency})}


@pytest.fixture
async def on_file(ledger: Ledger, user: str) -> None:
    """A goal and a debt in yen, and one of each in dinars, of which one is active."""
    await ledger.add("profiles", user, {"currency": "JPY"})
    await ledger.add("goals", user, {"name": "Bicycle", "target_amount": "90000", "currency": "JPY"})
    await ledger.add("debts", user, {"name": "Card", "balance": "90000", "minimum_payment": "900", "currency": "JPY"})


@pytest.mark.parametrize(("name", "given", "field"), GIVEN, ids=[f"{name} {field}" for name, _, field in GIVEN])
async def test_half_a_yen_is_refused_and_both_numbers_are_named(
    on_file: None, context: ToolContext, name: str, given: dict[str, Any], field: str
) -> None:
    arguments = arguments_of(name, given, field, "150.5", "JPY")
    for ask in (call, preview) if TOOLS[name].preview else (call,):
        with pytest.raises(ToolError, match=r"JPY has no decimals: 150\.5"):
            await ask(name, context, **arguments)
    with pytest.raises(ToolError, match=r"JPY has no decimals: 150\.00001"):
        await call(name, context, **{**arguments, field: "150.00001"})


@pytest.mark.parametrize(("name", "given", "field"), GIVEN, ids=[f"{name} {field}" for name, _, field in GIVEN])
async def test_zeros_behind_the_point_are_no_decimals(
    on_file: None, context: ToolContext, name: str, given: dict[str, Any], field: str
) -> None:
    assert await call(name, context, **arguments_of(name, given, field, "150.00", "JPY"))


async def test_a_thousandth_of_a_dinar_is_taken_and_a_smaller_part_is_not(context: ToolContext) -> None:
    given = {"type": "expense", "merchant": "Souq", "currency": "KWD"}
    shown = await preview("add_transaction", context, **given, amount="1.234")
    assert shown["summary"].startswith("Enter -1.234 KWD")
    stored = await call("add_transaction", context, **given, amount="1.234")
    assert stored["transaction"]["amount"] == "-1.234"
    with pytest.raises(ToolError, match=r"KWD has 3 decimals: 1\.2345"):
        await call("add_transaction", context, **given, amount="1.2345")
    with pytest.raises(ToolError, match=r"USD has 2 decimals: 1\.234"):
        await call("add_transaction", context, **given | {"currency": "USD"}, amount="1.234")


async def test_parts_of_a_split_have_the_decimals_of_the_whole(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("transactions", user, spent("3.001", currency="KWD", merchant="Souq"))
    parts = [{"amount": "1.0005", "category": "Groceries"}, {"amount": "2.0005", "category": "Shopping"}]
    with pytest.raises(ToolError, match=r"KWD has 3 decimals: 1\.0005"):
        await call("split_transaction", context, merchant="Souq", parts=parts)
    parts = [{"amount": "1.000", "category": "Groceries"}, {"amount": "2.001", "category": "Shopping"}]
    done = await call("split_transaction", context, merchant="Souq", parts=parts)
    assert sorted(part["amount"] for part in done["parts"]) == ["-1.000", "-2.001"]


# What is shown --------------------------------------------------------------------------------------------------------

READING: list[tuple[str, dict[str, Any]]] = [
    ("account_balances_query", {}),
    ("anomalies", {}),
    ("budget_status", {}),
    ("cash_flow_forecast", {}),
    ("chart_budget_burn_down", {}),
    ("chart_by_category", {}),
    ("chart_by_month", {"months": 3}),
    ("compare_periods", {}),
    ("debt_payoff_plan", {}),
    ("export_transactions", {}),
    ("goal_summary", {}),
    ("list_debts", {}),
    ("list_goals", {}),
    ("merchant_insights", {"merchant": "Greenleaf"}),
    ("monthly_report", {}),
    ("net_worth", {}),
    ("recurring_payments", {}),
    ("spending_by_account", {}),
    ("spending_by_merchant", {}),
    ("spending_by_month", {"start_date": "2025-08-01", "end_date": "2025-11-20"}),
    ("suggest_goal_actions", {}),
    ("tax_summary", {"year": 2025}),
    ("transaction_category_totals", {}),
    ("transactions_query", {}),
    ("upcoming_obligations", {}),
]
NO_AMOUNTS = {"threshold", "annual_rate_percent", "used_percent", "share_percent", "percent", "rate", "score", "rates"}


def amounts_of(value: Any, name: str = "") -> Iterator[str]:
    """The texts of a result that are amounts: decimal numbers that are no percentages."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from amounts_of(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from amounts_of(item, name)
    elif isinstance(value, str) and name not in NO_AMOUNTS and value.lstrip("-").replace(".", "", 1).isdigit():
        yield value


async def fill(ledger: Ledger, user: str, currency: str) -> None:
    account = uuid.uuid4()
    await ledger.add("profiles", user, {"currency": currency})
    await ledger.add(
        "accounts",
        user,
        {
            "id": account,
            "name": "Main",
            "type": "checking",
            "currency": currency,
            "balance": units(1234567, currency),
            "balance_as_of": dt.date(2025, 11, 1),
        },
    )
    await ledger.add("budgets", user, {"monthly_amount": units(100001, currency), "currency": currency})
    goal = {"name": "Trip", "target_amount": units(1000001, currency), "current_amount": units(7, currency)}
    await ledger.add("goals", user, {**goal, "currency": currency, "target_date": dt.date(2026, 6, 1)})
    debt = {"name": "Loan", "balance": units(500003, currency), "minimum_payment": units(50001, currency)}
    await ledger.add("debts", user, {**debt, "currency": currency, "annual_rate_percent": "4.9"})
    days = [dt.date(2025, month, day) for month in (6, 7, 8, 9, 10, 11) for day in (3, 9, 15)]
    rows = [spent(units(10007 + 13 * place, currency), on=day, merchant="Greenleaf") for place, day in enumerate(days)]
    rows += [spent(units(4999, currency), on=day, merchant="StreamBox") for day in days[::3]]
    rows += [{"posted_at": day, "amount": units(900001, currency), "category": "Income"} for day in days[::3]]
    rows += [spent(units(777777, currency), on=days[-2], merchant="Greenleaf")]
    await ledger.add("transactions", user, *({"account_id": account, "currency": currency, **row} for row in rows))


@CURRENCIES
async def test_every_amount_of_every_tool_has_the_decimals_of_its_currency(
    ledger: Ledger, user: str, context: ToolContext, currency: str
) -> None:
    await fill(ledger, user, currency)
    for name, arguments in READING:
        result = await call(name, context, **arguments)
        display = result.pop(DISPLAY, {})
        shown = {**result, "display": display.get("rows", []), "filters": {}}  # filters repeat what was given
        found = list(amounts_of(shown))
        assert found, name
        decimals = {len(text.partition(".")[2]) for text in found}
        assert decimals <= {DECIMALS[currency]}, (name, found)


def test_no_tool_that_reads_amounts_is_missing_above() -> None:
    """A new tool either shows no amounts, is asked for them above, or works on amounts that it is given."""
    without = {"search_knowledge", "list_reminders", "list_categories", "suggest_category", "list_category_rules"}
    without |= {"explain_category"}
    asked = {name for name, _ in READING} | {name for name, *_ in GIVEN}
    others = {tool.name for tool in CATALOG if tool.risk == "read"} - asked - without
    assert others == {"delegate_to_employee", "handoff_to_employee"}


@pytest.mark.parametrize(("currency", "text", "number_format"), [("JPY", "-1250", "0"), ("KWD", "-1.250", "0.000")])
async def test_files_hold_amounts_with_the_decimals_of_their_currency(
    ledger: Ledger, user: str, context: ToolContext, files: FakeFiles, currency: str, text: str, number_format: str
) -> None:
    await ledger.add("transactions", user, {"amount": text, "currency": currency})
    for kind in ("csv", "xlsx"):
        await call("export_transactions", context, format=kind)
    written, workbook = (content for _, _, content in files.kept)
    assert list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))[1][1] == text
    cell = load_workbook(io.BytesIO(workbook)).active["B2"]
    assert (cell.number_format, Decimal(str(cell.value))) == (number_format, Decimal(text))


async def test_an_amount_is_converted_to_the_decimals_of_the_other_currency(
    context: ToolContext, admin_url: str
) -> None:
    add_rate(admin_url, "USD", "JPY", "151.2345")
    add_rate(admin_url, "KWD", "USD", "3.2551")
    yen = await call("currency_conversion", context, amount="10.01", from_currency="USD", to_currency="JPY")
    assert (yen["filters"]["amount"], yen["converted"]) == ("10.01", "1514")
    dinars = await call("currency_conversion", context, amount="10", from_currency="USD", to_currency="KWD")
    assert dinars["converted"] == "3.072"


def add_rate(admin_url: str, base: str, quote: str, rate: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            "insert into exchange_rates (base, quote, day, rate, source) values (%s, %s, '2025-11-01', %s, 'test') "
            "on conflict do nothing",
            (base, quote, rate),
        )


def test_the_axis_of_a_chart_has_no_decimals_that_its_currency_has_not() -> None:
    for currency, texts, expected in (("JPY", ["1", "2"], 0), ("KWD", ["0.001", "0.002"], 3)):
        chart = Chart("Spent", "bars", currency, ["a", "b"], [ChartSeries("Spent", texts)])
        axis = build_figure(chart).axes[0].xaxis
        labels = [axis.get_major_formatter()(amount, 0) for amount in (0.5, 1, 0.0015)]
        assert max(len(label.partition(".")[2]) for label in labels) == expected
