"""Which amounts of an answer nothing accounts for: each rule, and how often it errs on made answers, right and wrong ones."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.grounding.amount_check import ungrounded_amounts
from graph.state import LoadedMemory, Passage, Turn

RIGHT = 600
WRONG = 200
SEED = 20261124

ROWS = [
    {"id": "620bf35e-912d-5461-afec-763335831200", "date": "2026-10-24", "amount": "-96.43", "currency": "USD"},
    {"id": "24555f4a-00ab-5ea2-bd5f-856842ee425d", "date": "2026-10-23", "amount": "-15.59", "currency": "USD"},
    {"id": "ebeb30c6-d3d4-5415-8100-c8b6de7d7ed8", "date": "2026-10-11", "amount": "-7.99", "currency": "USD"},
]
SPENDING = {
    "matches": 14,
    "totals": [
        {"currency": "USD", "count": 11, "income": "3200.00", "spent_net": "582.63"},
        {"currency": "EUR", "count": 3, "income": "0.00", "spent_net": "120.40"},
    ],
    "transactions": ROWS,
}


def turn(answer: str, question: str = "How much did I spend?", result: Any = SPENDING, **given: Any) -> Turn:
    call = {"id": "call_1", "name": "transactions_query", "args": {}}
    messages = [
        HumanMessage(question),
        AIMessage("", tool_calls=[call]),
        ToolMessage(json.dumps(result), tool_call_id="call_1"),
        AIMessage(answer),
    ]
    return cast(Turn, {"messages": messages, **given})


def remembered(**known: Any) -> LoadedMemory:
    nothing = LoadedMemory(facts=[], summary="", history=[], summarized_to=0, searchable=False)
    return cast(LoadedMemory, {**nothing, **known})


# What accounts for an amount


def test_an_amount_of_a_tools_result_is_accounted_for_in_any_notation() -> None:
    answer = "You spent $582.63, \u2212582.63 USD, 582,63 dollars, (US$582.63) of **3.200,00** USD and 120,40 \u20ac."
    assert ungrounded_amounts(turn(answer)) == []


def test_an_amount_that_nothing_accounts_for_is_told_as_it_is_written_and_once() -> None:
    assert ungrounded_amounts(turn("You spent **$587.63**, that is $587.63, of $3,200.")) == ["$587.63"]


def test_an_amount_of_the_users_words_is_accounted_for() -> None:
    question = "Can I afford a laptop for 1200, or fifty dollars a month, with 3k saved?"
    assert ungrounded_amounts(turn("The laptop costs $1,200, the plan $50, you have $3,000.", question)) == []


def test_so_are_those_of_passages_facts_summary_and_history() -> None:
    history = [HumanMessage("My rent is 1450."), AIMessage("Noted: $1,450. Your deposit was $2,900.00.")]
    known = remembered(facts=["The user saves 200 a month."], summary="They plan a trip for $3,150.", history=history)
    passage = Passage(id="1", text="The monthly fee is EUR 4.90.", source="document", similarity=0.9)
    answer = "$1,450, $2,900.00, $200, $3,150 and 4.90 EUR"
    assert ungrounded_amounts(turn(answer, recollection=known, passages=[passage])) == []


def test_digits_of_ids_and_dates_account_for_nothing() -> None:
    assert ungrounded_amounts(turn("$1,200 on $10, $24 and $2026")) == ["$1,200", "$10", "$24", "$2026"]


def test_an_amount_in_another_currency_than_its_figure_is_not_accounted_for() -> None:
    assert ungrounded_amounts(turn("You spent \u20ac582.63 and $120.40.")) == ["\u20ac582.63", "$120.40"]


def test_a_sign_that_several_currencies_share_is_taken_for_each() -> None:
    assert ungrounded_amounts(turn("You spent $12.50.", result={"currency": "CAD", "total": "12.50"})) == []


def test_where_a_result_names_several_currencies_its_amounts_are_of_any() -> None:
    result = {"from_currency": "USD", "to_currency": "EUR", "amount": "100.00", "converted": "92.15"}
    assert ungrounded_amounts(turn("$100.00 are \u20ac92.15.", result=result)) == []


def test_what_a_model_says_before_its_calls_counts_as_answer_and_accounts_for_nothing() -> None:
    early = turn("It was $77.")
    call = early["messages"][1]
    assert isinstance(call, AIMessage)
    early["messages"][1] = AIMessage("Let me look for the $77.", tool_calls=call.tool_calls)
    assert ungrounded_amounts(early) == ["$77"]


# Rounding


@pytest.mark.parametrize(
    "amount", ["$583", "about $580", "around $600", "over $580", "almost $600", "$3.2k", "some 583 dollars"]
)
def test_a_rounding_is_accounted_for_as_far_as_it_shows_itself(amount: str) -> None:
    assert ungrounded_amounts(turn(f"You spent {amount}.")) == []


@pytest.mark.parametrize(
    "amount", ["$582", "$584", "$580", "$582.60", "about $590", "over $590", "almost $580", "$16", "$3.3k"]
)
def test_what_would_be_rounded_otherwise_is_not(amount: str) -> None:
    assert ungrounded_amounts(turn(f"You spent {amount}.")) == [amount.split(" ")[-1]]


# Arithmetic


@pytest.mark.parametrize(
    "answer",
    [
        "You paid $96.43 and $15.59, $112.02 together.",
        "- $96.43\n- $15.59\n- $7.99\n\nIn total: $120.01",
        "Together they are $120.01: $96.43, $15.59 and $7.99.",
        "Of $3,200.00 you spent $582.63; $2,617.37 is left.",
        "Of $3,200.00 you paid $96.43, $15.59 and $7.99, so $3,079.99 remains.",
        "$96.43 + $15.59 = $112.02",
        "$582.63 in 11 payments is $52.97 each.",
        "It costs $15.59 a month, which is $187.08 a year.",
        "Twice $7.99 is $15.98 per month.",
        "20 % of $3,200 is $640.",
    ],
)
def test_arithmetic_over_shown_figures_is_accounted_for_where_the_sentence_says_so(answer: str) -> None:
    assert ungrounded_amounts(turn(answer)) == []


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("You paid $96.43 and $15.59, $112.03 together.", "$112.03"),
        ("Together you paid $112.02.", "$112.02"),
        ("Some were $96.43, some $15.59, some $112.02.", "$112.02"),
        ("Together: $96.43, $87.10 and $183.53.", "$87.10"),
        ("In all $582.63 and \u20ac120.40, or $703.03.", "$703.03"),
        ("20 % of $3,200 is $650.", "$650"),
    ],
)
def test_other_arithmetic_is_not(answer: str, wrong: str) -> None:
    assert wrong in ungrounded_amounts(turn(answer))


# Robustness


def test_a_turn_without_an_answer_has_no_amounts() -> None:
    assert ungrounded_amounts(Turn()) == []


@pytest.mark.parametrize(
    "content", ["no JSON, but $12.50", '{"a": NaN, "b": 1e999999, "c": "12.50"}', "[" * 5000, "9" * 5000]
)
def test_any_result_can_be_read(content: str) -> None:
    odd = turn("$13.50")
    odd["messages"][2] = ToolMessage(content, tool_call_id="call_1")
    assert ungrounded_amounts(odd) == ["$13.50"]


PIECES = st.sampled_from(
    ["$", "1", "20", ",", ".", "345", " ", "-", "%", "=", "\n", " total ", " each ", " left ", " USD"]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=80).map("".join))
def test_no_answer_breaks_it_and_what_it_names_stands_there(answer: str) -> None:
    assert all(amount in answer for amount in ungrounded_amounts(turn(answer)))


# How often it errs


@dataclass(frozen=True)
class Figures:
    """What a made turn's tool returned, and how its answer writes amounts."""

    result: dict[str, Any]
    write: Callable[[Decimal, str], str]
    chosen: Random

    def total(self, name: str) -> tuple[Decimal, str]:
        entry = self.chosen.choice(self.result["totals"])
        return Decimal(entry[name]), entry["currency"]

    def rows(self, count: int, kind: str) -> list[dict[str, Any]]:
        return self.chosen.sample(self.result[kind], count)

    def say(self, amount: Decimal | str, currency: str) -> str:
        return self.write(abs(Decimal(amount)), currency)


SYMBOL = {"USD": "$", "EUR": "\u20ac"}


def comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


NOTATIONS: Sequence[Callable[[Decimal, str], str]] = (
    lambda amount, currency: f"{SYMBOL[currency]}{amount:,.2f}",
    lambda amount, currency: f"**{SYMBOL[currency]}{amount:,.2f}**",
    lambda amount, currency: f"-{SYMBOL[currency]}{amount:,.2f}",
    lambda amount, currency: f"({SYMBOL[currency]}{amount:.2f})",
    lambda amount, currency: f"{amount:,.2f} {currency}",
    lambda amount, currency: f"\u2212{amount:.2f} {currency}",
    lambda amount, currency: f"{currency} {amount:,.2f}",
    lambda amount, currency: f"{comma(amount)} {SYMBOL[currency]}",
    lambda amount, currency: f"{comma(amount)}\u00a0{currency}",
    lambda amount, currency: f"{amount:,.2f} {'dollars' if currency == 'USD' else 'euros'}",
    lambda amount, currency: f"{amount:,.2f}".replace(",", "'") + f" {currency}",
    lambda amount, currency: f"{amount:,.2f}",
)


def spending(figures: Figures) -> str:
    amount, currency = figures.total("spent_net")
    count = figures.result["matches"]
    return f"You spent {figures.say(amount, currency)} from 2026-10-01 to 2026-10-31 ({count} transactions)."


def both_currencies(figures: Figures) -> str:
    told = [f"{figures.say(entry['spent_net'], entry['currency'])}" for entry in figures.result["totals"]]
    return f"In October you spent {' and '.join(told)}; currencies are not added together."


def left_over(figures: Figures) -> str:
    entry = figures.chosen.choice(figures.result["totals"])
    earned, spent, currency = Decimal(entry["income"]), Decimal(entry["spent_net"]), entry["currency"]
    told = [figures.say(amount, currency) for amount in (earned, spent, earned - spent)]
    return f"Of {told[0]} that came in you spent {told[1]}, so {told[2]} is left."


def listed(figures: Figures) -> str:
    rows = figures.rows(6, "transactions")
    lines = [
        f"{n}. {row['date']}: {figures.say(row['amount'], row['currency'])}, {row['merchant']}"
        for n, row in enumerate(rows, 1)
    ]
    return "\n".join([f"The newest 6 of {figures.result['matches']}:", *lines])


def table(figures: Figures) -> str:
    rows = figures.rows(5, "categories")
    lines = [
        f"| {r['category']} | {r['count']} | {figures.say(r['total'], r['currency'])} | {r['share_percent']} % |"
        for r in rows
    ]
    return "\n".join(["| Category | Count | Total | Share |", "|---|---:|---:|---:|", *lines])


def summed(figures: Figures) -> str:
    rows = [row for row in figures.result["categories"] if row["currency"] == "USD"][:3]
    whole = sum((Decimal(row["total"]) for row in rows), Decimal())
    lines = [f"- {row['category']}: {figures.say(row['total'], 'USD')} ({row['count']} payments)" for row in rows]
    return "\n".join([*lines, f"Together that is {figures.say(whole, 'USD')}. [1]"])


def compared(figures: Figures) -> str:
    first, second = [row for row in figures.result["categories"] if row["currency"] == "USD"][:2]
    more = abs(Decimal(first["total"]) - Decimal(second["total"]))
    told = [figures.say(amount, "USD") for amount in (first["total"], second["total"], more)]
    return (
        f"{first['category']}: {told[0]}, {second['category']}: {told[1]}, a difference of {told[2]} until 10/31/2026."
    )


def a_year(figures: Figures) -> str:
    [row] = figures.rows(1, "transactions")
    amount, currency = abs(Decimal(row["amount"])), row["currency"]
    told = figures.say(amount, currency), figures.say(12 * amount, currency)
    return f"{row['merchant']} is {told[0]} a month since 2025, paid from [CARD_7K3Q9D]: {told[1]} a year."


def average(figures: Figures) -> str:
    entry = figures.chosen.choice(figures.result["totals"])
    each = round(Decimal(entry["spent_net"]) / entry["count"], 2)
    told = figures.say(entry["spent_net"], entry["currency"]), figures.say(each, entry["currency"])
    return f"You made {entry['count']} payments, {told[0]} in all and {told[1]} on average, 12.5% more than last year."


def about(figures: Figures) -> str:
    amount, currency = figures.total("spent_net")
    sign = SYMBOL[currency]
    return f"You spent about {sign}{round(amount, -2):,.0f} last month, or {sign}{round(amount):,} to be closer."


def asked(figures: Figures) -> str:
    [row] = figures.rows(1, "categories")
    told = figures.say(row["total"], row["currency"])
    return (
        f"You wanted to stay under $750: {row['category']} came to {told} at 19:45 on 31.10.2026, with a rate of 4.25."
    )


WORDINGS = (spending, both_currencies, left_over, listed, table, summed, compared, a_year, average, about, asked)
TO_THE_CENT = tuple(wording for wording in WORDINGS if wording is not about)
QUESTION = "Where did my money go in October? I want to stay under 750 a month."


def money(chosen: Random, most: int) -> Decimal:
    return Decimal(chosen.randint(100, most * 100)) / 100


def made(chosen: Random) -> dict[str, Any]:
    """A result such as tools give: totals of two currencies, categories, transactions."""
    names = [f"Category {letter}" for letter in "ABCDEFGH"]
    row = {"date": "2026-10-24", "merchant": "Morning Owl Cafe", "description": "MORNING OWL #0412 5TH AVE"}
    totals = [
        {
            "currency": currency,
            "count": 2 * chosen.randint(1, 20) + 1,  # odd: an average that ends on half a cent has two right roundings
            "income": str(money(chosen, 9000) + 3000),
            "spent_net": str(money(chosen, 2900) + 100),
        }
        for currency in SYMBOL
    ]
    return {
        "matches": sum(entry["count"] for entry in totals),
        "totals": totals,
        "categories": [
            {
                "category": name,
                "currency": currency,
                "count": chosen.randint(1, 20),
                "total": str(money(chosen, 900)),
                "share_percent": f"{chosen.random() * 60:.1f}",
            }
            for currency in SYMBOL
            for name in names
        ],
        "transactions": [
            {
                **row,
                "id": f"{chosen.getrandbits(32):08x}-5281-4311-8100-4fb731ac3311",
                "amount": f"-{money(chosen, 150)}",
            }
            | {"currency": chosen.choice(list(SYMBOL))}
            for _ in range(20)
        ],
    }


def answers(chosen: Random, wordings: Sequence[Callable[[Figures], str]]) -> Iterator[tuple[str, Figures]]:
    while True:
        figures = Figures(made(chosen), chosen.choice(NOTATIONS), chosen)
        yield chosen.choice(wordings)(figures), figures


AMOUNT = re.compile(r"(?<!rate of )(?<![\d.,'])\d[\d.,']*[.,]\d\d(?![\d%-]|\.?\d| ?%)")


def off_by_one_cent(amount: str, chosen: Random) -> str:
    return amount[:-1] + str((int(amount[-1]) + chosen.choice((1, -1))) % 10)


def another_digit(amount: str, chosen: Random) -> str:
    place = chosen.choice([place for place, digit in enumerate(amount) if digit.isdigit()])
    return amount[:place] + chosen.choice("123456789".replace(amount[place], "")) + amount[place + 1 :]


def swapped(amount: str, chosen: Random) -> str:
    digits = [place for place, digit in enumerate(amount) if digit.isdigit()]
    pairs = [(one, other) for one, other in pairwise(digits) if amount[one] != amount[other]]
    if not pairs:
        return another_digit(amount, chosen)
    one, other = chosen.choice(pairs)
    return amount[:one] + amount[other] + amount[one + 1 : other] + amount[one] + amount[other + 1 :]


def separator_moved(amount: str, chosen: Random) -> str:
    """Ten times as much, or a tenth, or in no notation at all."""
    whole, mark, cents = amount[:-3], amount[-3], amount[-2:]
    return chosen.choice((f"{whole}{cents[0]}{mark}{cents[1]}0", f"{whole[:-1] or '0'}{mark}{whole[-1]}{cents}"))


MISTAKES = (off_by_one_cent, another_digit, swapped, separator_moved)


def planted(chosen: Random) -> Iterator[tuple[Turn, str]]:
    """Turns with one wrong amount, and how it is written; what is another of the figures by chance is not wrong enough."""
    for answer, figures in answers(chosen, TO_THE_CENT):
        right = chosen.choice(list(AMOUNT.finditer(answer)))
        wrong = chosen.choice(MISTAKES)(right[0], chosen)
        if digits(wrong) not in {digits(number) for number in re.findall(r"[\d.]+", json.dumps(figures.result))}:
            yield turn(answer[: right.start()] + wrong + answer[right.end() :], QUESTION, figures.result), wrong


def digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def test_of_right_answers_at_most_one_in_a_hundred_is_flagged() -> None:
    chosen = Random(SEED)
    made_answers = (next(answers(chosen, WORDINGS)) for _ in range(RIGHT))
    flagged = {
        answer: wrong
        for answer, figures in made_answers
        if (wrong := ungrounded_amounts(turn(answer, QUESTION, figures.result)))
    }
    assert len(flagged) <= RIGHT / 100, flagged


def test_every_planted_wrong_amount_is_flagged() -> None:
    wrong_ones = planted(Random(SEED))
    missed = [
        (wrong, said["messages"][-1].text)
        for said, wrong in (next(wrong_ones) for _ in range(WRONG))
        if not any(wrong in amount for amount in ungrounded_amounts(said))
    ]
    assert missed == []


# Minor units


@pytest.mark.parametrize(
    ("currency", "figure", "right", "wrong"),
    [
        ("JPY", "1250", "You spent ¥1,250, that is 1,250 yen or JPY 1250.", "You spent ¥1,250.50."),
        ("KWD", "1.234", "You spent KWD 1.234, that is 1,234 KWD in other letters.", "You spent KWD 1.23."),
        ("KWD", "1234.567", "You spent KWD 1,234.567.", "You spent KWD 1,234.57."),
    ],
)
def test_amounts_are_compared_with_the_decimals_of_their_currency(
    currency: str, figure: str, right: str, wrong: str
) -> None:
    result = {"totals": [{"currency": currency, "count": 1, "spent_net": figure}]}
    assert ungrounded_amounts(turn(right, result=result)) == []
    assert len(ungrounded_amounts(turn(wrong, result=result))) == 1
