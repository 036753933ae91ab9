"""Reads the employees' files and answers who is meant by a name. A file that is not right stops the start."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import ConfigurationError, UnknownEmployee
from graph.ports import ModelSettings

FRONT_MATTER = re.compile(r"\A---\n(?P<head>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]


class Employee(BaseModel):
    """One AI employee: who they are, which model answers for them, and what it is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slug: Slug
    """The name that is stored and shown in addresses; also the name of the file."""
    aliases: tuple[Slug, ...]
    """Other spellings under which this employee is found."""
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
    prompt: Annotated[str, Field(min_length=1)]
    """The system prompt: the body of the file."""
    version: str
    """Short hash of the file; it changes whenever anything about the employee does."""

    @property
    def settings(self) -> ModelSettings:
        return ModelSettings(size=self.model, temperature=self.temperature, max_tokens=self.max_tokens)


class Roster:
    """All employees, found by slug or alias."""

    def __init__(self, employees: Iterable[Employee]) -> None:
        """Raises ConfigurationError if two employees answer to the same name."""
        self._employees = tuple(sorted(employees, key=lambda employee: employee.slug))
        self._by_name: dict[str, Employee] = {}
        for employee, field, name in _names(self._employees):
            if name in self._by_name:
                other = self._by_name[name].slug
                raise _wrong(f"{employee.slug}.md", field, f"'{name}' is already a name of {other}")
            self._by_name[name] = employee

    def find(self, name: str) -> Employee:
        """The employee of this slug or alias; case and surrounding blanks do not matter.

        Raises:
            UnknownEmployee: nobody has this name; there is no default.
        """
        found = self._by_name.get(name.strip().lower())
        if found is None:
            raise UnknownEmployee
        return found

    def all(self) -> Sequence[Employee]:
        """Everybody, ordered by slug."""
        return self._employees


def read_roster(folder: Path, tool_names: Iterable[str]) -> Roster:
    """Read every `*.md` file of a folder as one employee.

    Raises:
        ConfigurationError: a file cannot be used; the message names the file and the field.
    """
    known = frozenset(tool_names)
    employees = [_read(path, known) for path in sorted(folder.glob("*.md"))]
    if not employees:
        raise ConfigurationError(f"{folder}: there is no employee")
    return Roster(employees)


def _names(employees: Iterable[Employee]) -> Iterator[tuple[Employee, str, str]]:
    """Every name with its employee and field, all slugs before the first alias."""
    for employee in employees:
        yield employee, "slug", employee.slug
    for employee in employees:
        for alias in employee.aliases:
            yield employee, "aliases", alias


def _read(path: Path, known: Set[str]) -> Employee:
    text = path.read_text(encoding="utf-8")
    fields = _front_matter(path, text)
    fields["version"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    try:
        employee = Employee.model_validate(fields)
    except ValidationError as error:
        raise _first_fault(path, error) from None
    _check(path, employee, known)
    return employee


def _front_matter(path: Path, text: str) -> dict[str, Any]:
    """The keys of the head, and the body as `prompt`. Lists become tuples, which a frozen employee holds."""
    parts = FRONT_MATTER.match(text)
    if parts is None:
        raise _wrong(path.name, "front matter", "the file must open with a block between two lines of ---")
    try:
        head = yaml.safe_load(parts["head"])
    except yaml.YAMLError:
        raise _wrong(path.name, "front matter", "it is not valid YAML") from None
    if not isinstance(head, dict):
        raise _wrong(path.name, "front matter", "it must be a list of keys and values")
    for reserved in head.keys() & {"prompt", "version"}:
        raise _wrong(path.name, str(reserved), "the key is unknown")
    fields = {str(key): tuple(value) if isinstance(value, list) else value for key, value in head.items()}
    return fields | {"prompt": parts["body"].strip()}


def _check(path: Path, employee: Employee, known: Set[str]) -> None:
    if employee.slug != path.stem:
        raise _wrong(path.name, "slug", f"'{employee.slug}' is not the name of the file")
    for tool in employee.tools:
        if tool not in known:
            raise _wrong(path.name, "tools", f"there is no tool '{tool}'")


def _first_fault(path: Path, error: ValidationError) -> ConfigurationError:
    fault = error.errors()[0]
    reasons = {"extra_forbidden": "the key is unknown", "missing": "the key is missing"}
    return _wrong(path.name, str(fault["loc"][0]), reasons.get(fault["type"], fault["msg"]))


def _wrong(file: str, field: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"employees/{file}: {field}: {reason}")
