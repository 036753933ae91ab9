"""`.env.example` and the README's table say what the settings say."""

import pytest

from graph.settings import Settings
from scripts.docs_settings import EXAMPLE, README, TABLE, build_example, build_table, with_table


def test_the_example_environment_is_current() -> None:
    assert EXAMPLE.read_text("utf-8") == build_example(), "run `make docs`"


def test_the_table_of_the_readme_is_current() -> None:
    readme = README.read_text("utf-8")
    assert len(TABLE.findall(readme)) == 1
    assert with_table(readme) == readme, "run `make docs`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_in_one_line(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith((".", "…")), name
    assert "\n" not in description


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_both_texts_once(name: str) -> None:
    assert build_example().splitlines().count(f"{name.upper()}=") == 1
    assert build_table().count(f"| `{name.upper()}` |") == 1
