"""The roster refuses files that are not right, and never takes an unknown name for somebody."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from employees.roster import Roster, read_roster
from graph.errors import ConfigurationError, UnknownEmployee
from graph.ports.models import ModelSettings
from tools.catalog import by_name

FOLDER = Path(__file__).parents[2] / "employees"

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
    return read_roster(folder, by_name())


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
        roster.find("prime-boss").name = "Impostor"  # type: ignore[misc]


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
        ("handoff_to", "[nobody]"),
        ("handoff_to", "[ada]"),
        ("handoff_to", "[countess]"),
        ("handoff_to", "somebody"),
        ("examples", "[one, two, three]"),
        ("examples", "[1, 2, 3, 4, 5, 6, 7, 8, 9]"),
        ("examples", "['a', 'b', 'c', ' ']"),
    ],
)
def test_a_field_that_is_not_right_stops_the_start_by_name(tmp_path: Path, field: str, value: str) -> None:
    head = "".join(f"{key}: {text}\n" for key, text in (GOOD | {field: value}).items())
    (tmp_path / "ada.md").write_text(f"---\n{head}---\nYou are Ada.\n", "utf-8")
    with pytest.raises(ConfigurationError, match=rf"ada\.md: {field}: "):
        read(tmp_path)


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_stops_the_start_by_name(tmp_path: Path, field: str) -> None:
    absent: dict[str, Any] = {field: None}
    write(tmp_path, **absent)
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


def test_the_file_that_is_wrong_its_field_and_the_reason_can_be_read_one_by_one(tmp_path: Path) -> None:
    write(tmp_path, tools="[teleport]")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path)
    assert caught.value.details == {"file": "ada.md", "field": "tools", "reason": "there is no tool 'teleport'"}


def test_a_file_that_is_no_text_stops_the_start_by_name(tmp_path: Path) -> None:
    (tmp_path / "ada.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"ada\.md: file: "):
        read(tmp_path)


def test_a_conversation_can_be_handed_to_the_colleagues_of_the_file_only(tmp_path: Path) -> None:
    write(tmp_path, handoff_to="[byron]")
    write(tmp_path, "byron.md", slug="byron", aliases="[]")
    roster = read(tmp_path)
    assert [employee.slug for employee in roster.colleagues("ada")] == ["byron"]
    assert roster.colleagues("byron") == []
    with pytest.raises(UnknownEmployee):
        roster.colleagues("nobody")


def test_everybody_is_all_others_those_of_a_new_file_included(tmp_path: Path) -> None:
    write(tmp_path, handoff_to="everybody")
    assert read(tmp_path).find("ada").handoff_to == ()
    for slug in ("byron", "charles"):
        write(tmp_path, f"{slug}.md", slug=slug, aliases="[]")
    assert read(tmp_path).find("ada").handoff_to == ("byron", "charles")


def test_who_holds_a_roster_sees_it_replaced(tmp_path: Path) -> None:
    write(tmp_path)
    held = read(tmp_path)
    before = held.find("ada")
    write(tmp_path, prompt="You are Ada Lovelace.")
    write(tmp_path, "byron.md", slug="byron", aliases="[]")
    held.replace(read(tmp_path))
    assert held.find("countess").prompt == "You are Ada Lovelace."
    assert [employee.slug for employee in held.all()] == ["ada", "byron"]
    assert before.prompt == "You are Ada."


SPELLINGS = {
    "prime-boss": "prime prime-ai prime-podcast",
    "byte-docs": "byte byte-doc smart-import",
    "tag-ai": "tag tag-categorize tag-categorizer categorization transactions",
    "crystal-ai": "crystal crystal-analytics crystal-spending spending-predictions crystal-podcast",
    "finley-ai": "finley finley-forecasts financial-assistant",
    "goalie-ai": "goalie goalie-coach goalie-goals goalie-agent goal-concierge goalie-security goalie-podcast",
    "liberty-ai": "liberty liberty-freedom liberty-financial-freedom",
    "blitz-ai": "blitz blitz-debt blitz-actions debt-elimination blitz-podcast",
    "chime-ai": "chime chime-reminders chime-bills bill-reminders",
    "ledger-tax": "ledger tax-assistant tax-optimization ledger-podcast",
    "custodian": "custodian-settings api-bridge",
    "serenity": "financial-therapist luna serenity-podcast",
    "harmony": "wellness-studio harmony-podcast",
    "wisdom": "wisdom-podcast",
    "fortune": "fortune-podcast",
    "savage-sally": "savageSally savage-sally-podcast",
    "spark": "debt-payoff-planner spark-podcast",
    "nova": "nova-podcast",
    "intelia": "intelia-bi bi",
    "automa": "automa-automation smart-automation",
    "dash": "dash-analytics",
    "prism": "",
    "dj-zen": "djZen music-wellness",
    "wave": "wave-spotify",
    "roundtable": "roundtable-podcast financial-story personal-podcast story",
    "truth-bomber": "truth",
    "roast-master": "",
    "reality-checker": "",
    "savage-sam": "",
    "roast-queen": "",
    "budget-master": "budget",
    "saver": "",
    "mentor": "",
    "guardian": "scout",
    "optimizer": "",
    "tracker": "bank-accounts",
    "planner": "",
    "analyzer": "",
    "connector": "",
    "innovator": "",
    "coach": "",
    "strategist": "",
}
"""Every spelling under which the original knew somebody, in one of its eleven lists, and who is meant."""


def test_the_house_has_the_employees_of_the_original(roster: Roster) -> None:
    assert len(SPELLINGS) == 42
    assert [employee.slug for employee in roster.all()] == sorted(SPELLINGS)


def test_each_spelling_of_the_original_finds_its_own_employee(roster: Roster) -> None:
    spelt = {name: slug for slug, names in SPELLINGS.items() for name in (slug, *names.split())}
    assert {name: roster.find(name).slug for name in spelt} == spelt


def test_there_is_no_spelling_that_the_list_does_not_hold(roster: Roster) -> None:
    listed = {name.lower() for slug, names in SPELLINGS.items() for name in (slug, *names.split())}
    assert {name for each in roster.all() for name in (each.slug, *each.aliases)} == listed


def test_every_prompt_is_of_a_readable_length(roster: Roster) -> None:
    lengths = {employee.slug: len(employee.prompt.split()) for employee in roster.all()}
    assert {slug: words for slug, words in lengths.items() if not 120 <= words <= 220} == {}


def test_a_prompt_names_no_tool(roster: Roster) -> None:
    named = [(employee.slug, tool) for employee in roster.all() for tool in by_name() if tool in employee.prompt]
    assert named == []


def test_every_prompt_is_in_its_own_words(roster: Roster) -> None:
    """No sentence stands in two of them, and each begins by saying who speaks."""
    sentences = [
        " ".join(sentence.split()) for each in roster.all() for sentence in re.split(r"(?<=[.!?])\s", each.prompt)
    ]
    assert [sentence for sentence, times in Counter(sentences).items() if times > 1 and len(sentence) > 40] == []
    assert [each.slug for each in roster.all() if each.name not in each.prompt.split("\n\n")[0]] == []


def test_everybody_has_questions_to_be_found_by_and_a_way_back_to_the_first_contact(roster: Roster) -> None:
    assert [each.slug for each in roster.all() if not 4 <= len(each.examples) <= 8] == []
    asked = Counter(example for each in roster.all() for example in each.examples)
    assert [example for example, times in asked.items() if times > 1] == []
    others = [each for each in roster.all() if each.slug != "prime-boss"]
    assert [each.slug for each in others if "prime-boss" not in each.handoff_to] == []
    assert {each.slug for each in others} == set(roster.find("prime-boss").handoff_to)


def test_everybody_has_tools_of_their_own(roster: Roster) -> None:
    counts = {each.slug: len(each.tools) for each in roster.all()}
    assert {slug: count for slug, count in counts.items() if not 3 <= count <= 10} == {}
    assert [each.slug for each in roster.all() if len(set(each.tools)) < len(each.tools)] == []
    assert set(by_name()) - {tool for each in roster.all() for tool in each.tools} == set()
