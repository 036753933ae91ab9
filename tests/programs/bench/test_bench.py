"""The measurement measures: its parts, and its quick form from end to end. Times are no subject here."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bench import hotspots
from tests.bench.counting_proxy import CountingProxy, Exchange
from tests.bench.load import Load, Times
from tests.bench.measure import CPU_OF_POSTGRES, UNDER_LOAD, Row
from tests.bench.processes import OURS, PASSTHROUGH, PLAIN, ROOT, at_port
from tests.bench.report import BEGIN, END, draw, ratio, rewrite, table
from tests.bench.usage import cpu_seconds

PAGE = ROOT / "docs" / "performance.md"

BOTH = {PLAIN, OURS}
ALL = {PASSTHROUGH, *BOTH}
LEVELS = ("1", "8", "32")
LOADED = {(at_once, figure): BOTH if figure == CPU_OF_POSTGRES else ALL for at_once in LEVELS for figure in UNDER_LOAD}
ONCE = {
    ("", "round trips to Postgres a turn"): BOTH,
    ("", "written by Postgres a turn (kB)"): BOTH,
    ("", "session of 6 turns: all its rows (kB)"): BOTH,
    ("", "session of 6 turns: its checkpoints (kB)"): BOTH,
    ("", "session of 6 turns: first text at its end / at its beginning"): BOTH,
    ("", "session of 6 turns: whole turn at its end / at its beginning"): BOTH,
    ("", "memory of the service (MB)"): ALL,
    ("", "turns that failed"): ALL,
}
MAY_BE_NOTHING = {CPU_OF_POSTGRES, "turns that failed"}
"""The kernel counts CPU in hundredths of a second; a few turns of plain LangGraph may take less."""

Cells = dict[str, str]


def test_the_quick_form_measures_every_figure_of_every_service_without_a_failed_turn() -> None:
    page = PAGE.read_bytes()
    ran = subprocess.run([sys.executable, "-m", "tests.bench", "--quick"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = read_table(ran.stdout)
    assert {row: having(cells) for row, cells in rows.items()} == {**LOADED, **ONCE}
    for (at_once, figure), cells in rows.items():
        numbers = [number(cells[name]) for name in having(cells)]
        assert min(numbers) > 0 or figure in MAY_BE_NOTHING, (at_once, figure, cells)
    assert {name: rows["", "turns that failed"][name] for name in ALL} == dict.fromkeys(ALL, "0")
    assert PAGE.read_bytes() == page, "the quick form leaves the page as it is"


def read_table(said: str) -> dict[tuple[str, str], Cells]:
    """The cells of each row, by the number of conversations at once and the figure."""
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in said.splitlines() if "|" in line]
    return {(row[0], row[1]): dict(zip(head, row, strict=True)) for row in rows}


def having(cells: Cells) -> set[str]:
    """The services that have a number."""
    return {name for name in ALL if re.fullmatch(r"[\d,.]+", cells[name])}


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def test_what_a_client_sends_before_it_is_answered_is_one_round_trip() -> None:
    exchange = Exchange()
    exchange.client_spoke()
    exchange.client_spoke()
    exchange.server_spoke()
    exchange.server_spoke()
    exchange.client_spoke()
    assert exchange.round_trips == 2


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that answers each line with itself; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome\n")
        while line := await reader.readline():
            writer.write(line)
        writer.close()
        await writer.wait_closed()

    answering: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(
        lambda *streams: answering.append(asyncio.create_task(answer(*streams))), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*answering)


async def test_the_proxy_passes_bytes_on_and_counts_the_trips_of_all_connections() -> None:
    async with echo() as port, CountingProxy(port) as proxy:
        for trips in (3, 5):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            assert await reader.readline() == b"welcome\n"
            for trip in range(trips):
                writer.write(b"%d\n" % trip)
                assert await reader.readline() == b"%d\n" % trip
            writer.close()
            await writer.wait_closed()
        assert proxy.round_trips == 8


async def test_a_connection_that_the_server_closes_is_closed_for_the_client() -> None:
    async with echo() as port, CountingProxy(port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await reader.readline()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def test_percentiles_are_those_of_all_turns() -> None:
    load = Load([Times(first_text=float(number), total=number * 10.0) for number in range(101)], [], seconds=1.0)
    assert (load.first_text(50), load.first_text(95)) == (50.0, 95.0)
    assert (load.total(50), load.total(95)) == (500.0, 950.0)


ROWS = [
    Row(figure, {PASSTHROUGH: 3.456, PLAIN: 10.0, OURS: 12_345.6}, at_once)
    for at_once in (1, 8)
    for figure in UNDER_LOAD
]


def test_the_table_shows_a_figure_beside_its_ratio_to_plain_langgraph() -> None:
    _, _, first, *_ = table(ROWS).splitlines()
    assert first == "| 1 | first text, p50 (ms) | 3.46 | 10.0 | 12,346 | 1234.56 |"


def test_a_figure_that_a_service_does_not_have_is_a_dash() -> None:
    row = Row("round trips", {PLAIN: 6.0, OURS: 42.0})
    assert table([row]).splitlines()[-1] == "|  | round trips | — | 6.00 | 42.0 | 7.00 |"


def test_there_is_no_ratio_to_nothing() -> None:
    assert ratio(Row("turns that failed", {PLAIN: 0, OURS: 0})) == ""


def test_only_what_stands_between_the_markers_is_rewritten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    rewrite(page, "new")
    rewrite(page, r"newer \1")
    assert page.read_text() == f"before\n\n{BEGIN}\n\nnewer \\1\n\n{END}\n\nafter\n"


def test_a_page_without_a_place_for_the_figures_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="no place"):
        rewrite(page, "new")


def test_the_page_has_a_place_for_the_figures() -> None:
    text = PAGE.read_text("utf-8")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)


def test_the_chart_is_an_image(tmp_path: Path) -> None:
    draw(ROWS, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_an_address_at_another_port_keeps_the_rest() -> None:
    assert at_port("postgresql://me:p%40ss@127.0.0.1:5432/chat", 6000) == "postgresql://me:p%40ss@127.0.0.1:6000/chat"


def test_the_time_of_a_child_that_has_ended_counts() -> None:
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert cpu_seconds(os.getpid()) - before > 0.25


BUSY = """
import sys
from pathlib import Path
from tests.bench.profiled import Sampler
import time
sampler = Sampler(Path(sys.argv[1]))
sampler.toggle()
end = time.process_time() + 0.3
while time.process_time() < end:
    sum(range(1000))
sampler.toggle()
"""


def test_the_sampler_charges_the_time_to_the_lines_that_use_it(tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    subprocess.run(
        [sys.executable, script, tmp_path / "counts"], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    counts = json.loads((tmp_path / "counts").read_text())
    loop = sum(seconds for file, line, _, _, seconds in counts["charged"] if file == str(script) and line in (9, 10))
    assert loop > counts["seconds"] * 0.8 > 0.2


def test_the_profile_names_lines_their_causes_and_their_packages() -> None:
    library = f"{hotspots.LIBRARIES}/openai/client.py"
    charged = [
        [library, 5, str(ROOT / "nodes" / "reason.py"), 1, 6.0],
        [library, 5, "", 0, 2.0],
        [f"{hotspots.STANDARD}/json/encoder.py", 7, str(ROOT / "nodes" / "reason.py"), 1, 1.0],
    ]
    said = hotspots.report({"seconds": 10.0, "charged": charged}, 20.0, 6.0, 7.0)
    source = (ROOT / "nodes" / "reason.py").read_text().splitlines()[0][: hotspots.WIDEST]
    assert "20.0 ms in the server's process, 6.0 ms in its workers (redaction), 7.0 ms in Postgres" in said
    assert "10.0% of it was used by threads that are not Python's" in said
    assert "| 80.0% | openai/client.py:5 |  | nodes/reason.py:1 (75.0%) |" in said
    assert f"| 70.0% | nodes/reason.py:1 | `{source}` |" in said
    assert "| 10.0% | json (Python) |" in said
