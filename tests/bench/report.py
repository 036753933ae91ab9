"""The figures as people read them: a table, a page, a chart."""

import datetime as dt
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.bench.measure import CPU, CPU_OF_POSTGRES, FIRST_TEXT, Plan, Row
from tests.bench.processes import OURS, PASSTHROUGH, PLAIN

SERVICES = (PASSTHROUGH, PLAIN, OURS)
RATIO = f"{OURS} / {PLAIN}"

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""Between them stands what `make bench` writes."""

COLORS = {PASSTHROUGH: "#b8bfc9", PLAIN: "#e0a458", OURS: "#2f6f9f"}


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [line("at once", "figure", *SERVICES, RATIO), line("---:", "---", "---:", "---:", "---:", "---:")]
    for row in rows:
        values = [shown(row.values[name]) if name in row.values else "—" for name in SERVICES]
        at_once = str(row.at_once) if row.at_once else ""
        lines.append(line(at_once, row.figure, *values, ratio(row)))
    return "\n".join(lines)


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def shown(value: float) -> str:
    return (
        f"{value:,.0f}" if value >= 100 or isinstance(value, int) else f"{value:.2f}" if value < 10 else f"{value:.1f}"
    )


def ratio(row: Row) -> str:
    """Ours to plain LangGraph's."""
    plain = row.values[PLAIN]
    return f"{row.values[OURS] / plain:.2f}" if plain else ""


def machine(postgres: str) -> str:
    """Where and when it was measured."""
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, PostgreSQL {postgres}, langgraph {version('langgraph')}."
    )


def conditions(plan: Plan, postgres: str, gap_ms: float) -> str:
    """Where, when and how much was measured."""
    loads = ", ".join(f"{sessions} at c = {at_once}" for at_once, sessions in plan.sessions.items())
    return (
        f"{machine(postgres)} Rounds: {plan.rounds}, in each conversations of {plan.turns} turns: {loads}; "
        f"{plan.turns_under_load:,} turns of each service. "
        f"Between the model's tokens: {gap_ms:g} ms."
    )


def rewrite(page: Path, measured: str, begin: str = BEGIN, end: str = END) -> None:
    """Put what was measured into a page, in place of what stood between two marks.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text("utf-8")
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page} has no place for what was measured: {begin} … {end}")
    page.write_text(f"{before}{begin}\n\n{measured}\n\n{end}{after}", "utf-8")


def draw(rows: Sequence[Row], file: Path) -> None:
    """First text and CPU of each service, at each number of conversations at once."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.use("agg")
    figure = Figure(figsize=(8, 3.2), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    levels = list(dict.fromkeys(row.at_once for row in rows if row.at_once))
    first, service, postgres = (
        {row.at_once: row.values for row in rows if row.figure == name} for name in (FIRST_TEXT, CPU, CPU_OF_POSTGRES)
    )
    for number, name in enumerate(SERVICES):
        places = [place + (number - 1) * 0.27 for place in range(len(levels))]
        style = {"width": 0.25, "color": COLORS[name]}
        bars = left.bar(places, [first[level][name] for level in levels], label=name, **style)
        left.bar_label(bars, fmt="%.3g", fontsize=7)
        own = [service[level][name] for level in levels]
        below = [postgres[level].get(name, 0.0) for level in levels]
        right.bar(places, own, **style)
        top = right.bar(places, below, bottom=own, alpha=0.55, hatch="///", edgecolor="white", **style)
        right.bar_label(top, [f"{sum(parts):.3g}" for parts in zip(own, below, strict=True)], fontsize=7)
    left.set_yscale("log")
    for axes, title in ((left, "first text, p50 (ms, logarithmic)"), (right, "CPU a turn (ms), hatched: Postgres")):
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(levels)), [f"{level} at once" for level in levels], fontsize=8)
        axes.tick_params(axis="y", labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=8)
    figure.savefig(file)
