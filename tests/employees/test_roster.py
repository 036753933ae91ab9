"""The roster refuses files that are not right, and never takes an unknown name for somebody."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from employees.roster import Roster, read_roster
from graph.errors import ConfigurationError, UnknownEmployee
from graph.ports import ModelSettings

FOLDER = Path(__file__).parents[2] / "employees"
READ_TOOLS = frozenset({"transactions_query", "transaction_category_totals", "account_balances_query"})

GOOD = {
    "slug": "ada",
    "aliases": "[ada-ai, countess]",
    "name": "Ada",
    "title": "Analyst",
    "emoji": "🧮",
    "model": "small",
    "temperature": "0.3",
    "max_tokens": "900",
    "tools": "[transactions_query]",
    "capabilities": "[insights]",
}


def write(folder: Path, file: str = "ada.md", prompt: str = "You are Ada.", **fields: str | None) -> None:
    """Write an employee's file in which the given fields are replaced, or left out where they are None."""
    merged = GOOD | fields
    head = "".join(f"{key}: {value}\n" for key, value in merged.items() if value is not None)
    (folder / file).write_text(f"---\n{head}---\n{prompt}\n", encoding="utf-8")


def read(folder: Path) -> Roster:
    return read_roster(folder, READ_TOOLS)


@pytest.fixture(scope="module")
def roster() -> Roster:
    return read(FOLDER)


def test_an_employee_carries_what_its_file_says(tmp_path: Path) -> None:
    write(tmp_path)
    ada = read(tmp_path).find("ada")
    assert (ada.slug, ada.name, ada.title, ada.emoji) == ("ada", "Ada", "Analyst", "🧮")
    assert ada.tools == ("transactions_query",)
    assert ada.capabilities == ("insights",)
    assert ada.prompt == "You are Ada."
    assert ada.settings == ModelSettings(size="small", temperature=0.3, max_tokens=900)


def test_an_employee_cannot_be_changed(roster: Roster) -> None:
    with pytest.raises(ValidationError):
        roster.find("prime-boss").name = "Impostor"


@pytest.mark.parametrize("name", ["ada", "ADA", "  ada\n", "ada-ai", "Countess"])
def test_a_slug_or_alias_finds_its_employee_whatever_the_case_and_blanks(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    assert read(tmp_path).find(name).slug == "ada"


@pytest.mark.parametrize("name", ["", " ", "ad", "ada ai", "nobody", "Analyst"])
def test_an_unknown_name_is_an_error_and_not_the_default(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    with pytest.raises(UnknownEmployee):
        read(tmp_path).find(name)


@pytest.mark.parametrize("temperature", ["0", "0.0", "2"])
def test_temperatures_from_zero_to_two_are_kept(tmp_path: Path, temperature: str) -> None:
    write(tmp_path, temperature=temperature)
    assert read(tmp_path).find("ada").settings.temperature == float(temperature)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "2.1"),
        ("temperature", "-0.1"),
        ("temperature", ".nan"),
        ("temperature", "warm"),
        ("model", "gpt-4o"),
        ("max_tokens", "0"),
        ("max_tokens", "12.5"),
        ("tools", "[teleport]"),
        ("tools", "transactions_query"),
        ("slug", "Ada"),
        ("slug", "babbage"),
        ("name", "''"),
        ("aliases", "[Ada AI]"),
        ("aliases", "[ada]"),
        ("aliases", "[countess, countess]"),
        ("humour", "dry"),
        ("prompt", "hidden"),
        ("version", "1"),
    ],
)
def test_a_field_that_is_not_right_stops_the_start_by_name(tmp_path: Path, field: str, value: str) -> None:
    head = "".join(f"{key}: {text}\n" for key, text in (GOOD | {field: value}).items())
    (tmp_path / "ada.md").write_text(f"---\n{head}---\nYou are Ada.\n", "utf-8")
    with pytest.raises(ConfigurationError, match=rf"ada\.md: {field}: "):
        read(tmp_path)


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_stops_the_start_by_name(tmp_path: Path, field: str) -> None:
    write(tmp_path, **{field: None})
    with pytest.raises(ConfigurationError, match=rf"ada\.md: {field}: the key is missing"):
        read(tmp_path)


def test_a_file_without_a_prompt_stops_the_start(tmp_path: Path) -> None:
    write(tmp_path, prompt=" \n")
    with pytest.raises(ConfigurationError, match=r"ada\.md: prompt: "):
        read(tmp_path)


@pytest.mark.parametrize("text", ["You are Ada.\n", "---\n- a\n---\nYou are.\n", "---\na: [\n---\nYou are.\n", ""])
def test_a_file_without_readable_front_matter_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "ada.md").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"ada\.md: front matter: "):
        read(tmp_path)


@pytest.mark.parametrize("aliases", ["[countess]", "[ada]", "[ada-ai]"])
def test_two_employees_cannot_share_a_name(tmp_path: Path, aliases: str) -> None:
    write(tmp_path)
    write(tmp_path, "byron.md", slug="byron", aliases=aliases)
    with pytest.raises(ConfigurationError, match=r"byron\.md: aliases: .* is already a name of ada"):
        read(tmp_path)


def test_an_empty_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no employee"):
        read(tmp_path)


def test_the_version_changes_with_the_file_and_only_then(tmp_path: Path) -> None:
    write(tmp_path)
    first = read(tmp_path).find("ada").version
    assert read(tmp_path).find("ada").version == first
    write(tmp_path, prompt="You are Ada Lovelace.")
    assert read(tmp_path).find("ada").version != first


def test_the_house_has_its_eleven_employees(roster: Roster) -> None:
    assert [employee.slug for employee in roster.all()] == [
        "blitz-ai",
        "byte-docs",
        "chime-ai",
        "crystal-ai",
        "custodian",
        "finley-ai",
        "goalie-ai",
        "ledger-tax",
        "liberty-ai",
        "prime-boss",
        "tag-ai",
    ]


@pytest.mark.parametrize(
    ("spelling", "slug"),
    [
        ("prime", "prime-boss"),
        ("byte-doc", "byte-docs"),
        ("smart-import", "byte-docs"),
        ("tag-categorizer", "tag-ai"),
        ("crystal-analytics", "crystal-ai"),
        ("finley-forecasts", "finley-ai"),
        ("goalie-agent", "goalie-ai"),
        ("goalie-coach", "goalie-ai"),
        ("liberty-freedom", "liberty-ai"),
        ("blitz-debt", "blitz-ai"),
        ("chime-reminders", "chime-ai"),
        ("tax-assistant", "ledger-tax"),
        ("custodian-settings", "custodian"),
    ],
)
def test_each_spelling_of_the_original_finds_its_own_employee(roster: Roster, spelling: str, slug: str) -> None:
    assert roster.find(spelling).slug == slug


def test_every_prompt_is_of_a_readable_length(roster: Roster) -> None:
    lengths = {employee.slug: len(employee.prompt.split()) for employee in roster.all()}
    assert {slug: words for slug, words in lengths.items() if not 120 <= words <= 250} == {}


def test_a_prompt_names_no_tool(roster: Roster) -> None:
    named = [(employee.slug, tool) for employee in roster.all() for tool in READ_TOOLS if tool in employee.prompt]
    assert named == []
