"""The page about the tools says what the catalogue says."""

from scripts.docs_tools import PAGE, build_page
from tools.catalog import CATALOG


def test_the_page_is_what_the_catalogue_makes() -> None:
    assert PAGE.read_text("utf-8") == build_page(CATALOG) + "\n", "run `make docs`"


def test_the_page_has_a_chapter_for_each_tool() -> None:
    text = build_page(CATALOG)
    assert [tool.name for tool in CATALOG if f"\n## {tool.name}\n" not in text] == []
