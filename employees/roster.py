"""Reads the employees' files and resolves their names. An invalid file stops the start."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import ConfigurationError, UnknownEmployee
from graph.events import EmployeeCard
from graph.ports.models import ModelSettings

ALL_COLLEAGUES = "everybody"

YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""With libyaml all employees are read in 30 ms, without it in 250 ms."""
FRONT_MATTER = re.compile(r"\A---\n(?P<head>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]


class Employee(BaseModel):
    """One AI employee: identity, model settings, tools and system prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slug: Slug
    """The name that is stored and shown in addresses; also the name of the file."""
    aliases: tuple[Slug, ...]
    """Other names of this employee."""
    name: Line
    title: Line
    emoji: Line
    model: Literal["small", "large"]
    temperature: Annotated[float, Field(ge=0, le=2)]
    max_tokens: Annotated[int, Field(gt=0)]
    """The longest answer, in tokens."""
    tools: tuple[str, ...]
    """Names of the tools that the model may call for this employee."""
    capabilities: tuple[Slug, ...]
    handoff_to: tuple[Slug, ...] = ()
    """Slugs of the colleagues for hand-offs and delegation. `everybody` in the file means all others, including later ones."""
    examples: Annotated[tuple[Line, ...], Field(min_length=4, max_length=8)] = ()
    """Questions in users' words that this employee should answer; the ranking uses them."""
    prompt: Annotated[str, Field(min_length=1)]
    """The system prompt: the body of the file."""
    version: str
    """Short hash of the file; it changes whenever anything about the employee does."""

    @property
    def settings(self) -> ModelSettings:
        return ModelSettings(size=self.model, temperature=self.temperature, max_tokens=self.max_tokens)

    @property
    def card(self) -> EmployeeCard:
        """What a client shows beside an answer."""
        return EmployeeCard(slug=self.slug, title=self.title, emoji=self.emoji)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The employees of one reading of the files."""

    employees: tuple[Employee, ...]
    by_name: Mapping[str, Employee]


class Roster:
    """All employees, found by slug or alias.

    `replace` changes the employees for all who hold the roster. Each call reads either the former or the newer files,
    never a mixture.
    """

    def __init__(self, employees: Iterable[Employee]) -> None:
        """Raises ConfigurationError if two employees share a name."""
        ordered = tuple(sorted(employees, key=lambda employee: employee.slug))
        self._snapshot = _Snapshot(ordered, _named(ordered))

    def find(self, name: str) -> Employee:
        """The employee of this slug or alias; case and surrounding blanks do not matter.

        Raises:
            UnknownEmployee: no employee has this name; there is no default.
        """
        found = self._snapshot.by_name.get(name.strip().lower())
        if found is None:
            raise UnknownEmployee
        return found

    def all(self) -> Sequence[Employee]:
        """All employees, ordered by slug."""
        return self._snapshot.employees

    def colleagues(self, slug: str) -> Sequence[Employee]:
        """The colleagues for this employee's hand-offs and delegation.

        Raises:
            UnknownEmployee: no employee has this slug.
        """
        snapshot = self._snapshot
        if slug not in snapshot.by_name:
            raise UnknownEmployee
        return [snapshot.by_name[target] for target in snapshot.by_name[slug].handoff_to]

    def replace(self, newer: "Roster") -> None:
        """Take over the employees of another roster in one step."""
        self._snapshot = newer._snapshot


def read_roster(folder: Path, tool_names: Iterable[str]) -> Roster:
    """Read every `*.md` file of a folder as one employee.

    Raises:
        ConfigurationError: a file cannot be used; the message names the file and the field.
    """
    known = frozenset(tool_names)
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise ConfigurationError(f"{folder}: there is no employee")
    slugs = [path.stem for path in paths]
    return Roster([_read(path, known, slugs) for path in paths])


def _named(employees: Iterable[Employee]) -> Mapping[str, Employee]:
    """The employees by slug and alias."""
    by_name: dict[str, Employee] = {}
    for employee, field, name in _all_names(tuple(employees)):
        if name in by_name:
            raise _invalid_field(f"{employee.slug}.md", field, f"'{name}' is already a name of {by_name[name].slug}")
        by_name[name] = employee
    return MappingProxyType(by_name)


def _all_names(employees: Sequence[Employee]) -> Iterator[tuple[Employee, str, str]]:
    """All names with their employee and field; slugs come before aliases."""
    for employee in employees:
        yield employee, "slug", employee.slug
    for employee in employees:
        for alias in employee.aliases:
            yield employee, "aliases", alias


def _read(path: Path, known: Set[str], slugs: Sequence[str]) -> Employee:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise _invalid_field(path.name, "file", "it cannot be read as UTF-8 text") from None
    fields = _front_matter(path, text)
    if fields.get("handoff_to") == ALL_COLLEAGUES:
        fields["handoff_to"] = tuple(slug for slug in slugs if slug != path.stem)
    fields["version"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    try:
        employee = Employee.model_validate(fields)
    except ValidationError as error:
        raise _first_error(path, error) from None
    _check(path, employee, known, slugs)
    return employee


def _front_matter(path: Path, text: str) -> dict[str, Any]:
    """The keys of the front matter, with the body as `prompt` and lists as tuples."""
    parts = FRONT_MATTER.match(text)
    if parts is None:
        raise _invalid_field(path.name, "front matter", "the file must open with a block between two lines of ---")
    try:
        head = yaml.load(parts["head"], YAML)  # noqa: S506 (both are safe loaders)
    except yaml.YAMLError:
        raise _invalid_field(path.name, "front matter", "it is not valid YAML") from None
    if not isinstance(head, dict):
        raise _invalid_field(path.name, "front matter", "it must be a list of keys and values")
    for reserved in head.keys() & {"prompt", "version"}:
        raise _invalid_field(path.name, str(reserved), "the key is unknown")
    fields = {str(key): tuple(value) if isinstance(value, list) else value for key, value in head.items()}
    return fields | {"prompt": parts["body"].strip()}


def _check(path: Path, employee: Employee, known: Set[str], slugs: Sequence[str]) -> None:
    if employee.slug != path.stem:
        raise _invalid_field(path.name, "slug", f"'{employee.slug}' is not the name of the file")
    for tool in employee.tools:
        if tool not in known:
            raise _invalid_field(path.name, "tools", f"there is no tool '{tool}'")
    for target in employee.handoff_to:
        if target == employee.slug or target not in slugs:
            raise _invalid_field(path.name, "handoff_to", f"there is no colleague '{target}'")


def _first_error(path: Path, error: ValidationError) -> ConfigurationError:
    fault = error.errors()[0]
    reasons = {"extra_forbidden": "the key is unknown", "missing": "the key is missing"}
    return _invalid_field(path.name, str(fault["loc"][0]), reasons.get(fault["type"], fault["msg"]))


def _invalid_field(file: str, field: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"employees/{file}: {field}: {reason}", file=file, field=field, reason=reason)
