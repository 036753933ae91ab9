"""A tool leaves a file for its caller, or says what can be done instead."""

import pytest

from graph.errors import FileTooLarge
from graph.tool import ToolError
from tests.support.fakes.ports import FakeFiles
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.file_storage import store_file
from tools.rendering.render import store_chart


class FullFiles:
    """Port `Files`: every file is too large."""

    async def store(self, name: str, media_type: str, content: bytes) -> str:
        raise FileTooLarge


async def test_a_file_is_stored_under_the_id_that_comes_back() -> None:
    files = FakeFiles()
    assert await store_file(files, "a.csv", "text/csv", b"1,2", "ask for less") == "file-1"
    assert files.kept == [("a.csv", "text/csv", b"1,2")]


async def test_the_tool_says_what_to_do_about_a_file_that_is_too_large() -> None:
    with pytest.raises(ToolError, match=r"^The file would be too large; ask for a shorter period\.$"):
        await store_file(FullFiles(), "a.csv", "text/csv", b"1,2", "ask for a shorter period")


async def test_a_chart_that_is_too_large_comes_with_advice() -> None:
    chart = Chart("Spending", "bars", "USD", ["Rent"], [ChartSeries("Spending", ["1.00"])])
    with pytest.raises(ToolError, match="too large; answer in words"):
        await store_chart(chart, "spending", FullFiles(), "You spent $1.00.")
