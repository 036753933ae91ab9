"""Places modules in the rings of a table and judges imports by them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.structure.imports import ImportGraph
from tests.structure.source import Module

Ring = tuple[str, ...]
"""The members of one ring: a module, a folder with all that is below it, or `folder.*`, where each module and each
folder directly in the folder is a member."""

Table = tuple[Ring, ...]
"""From the outermost ring to the innermost."""


@dataclass(frozen=True)
class Place:
    ring: int
    member: str


@dataclass(frozen=True, order=True)
class Violation:
    importer: str
    imported: str
    reason: str = field(compare=False)
    """Names the two members, so that the imports across one cut have one reason."""

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported} ({self.reason})"


@dataclass(frozen=True)
class Rings:
    outer: Table
    """A module imports its own member and the members of the rings below; members of one ring are strangers."""
    inner: Mapping[str, Table] = field(default_factory=dict)
    """The tables of members that are divided in themselves."""
    doors: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """For an importing and an imported folder the only modules through which the one may use the other."""

    @property
    def members(self) -> list[str]:
        return [member for table in (self.outer, *self.inner.values()) for ring in table for member in ring]

    def places(self, name: str) -> list[Place]:
        """The place in the outer table, then the places in the inner tables on the way to the module."""
        found: list[Place] = []
        table: Table | None = self.outer
        whole = ""
        while table and (place := place_in(table, name)):
            found.append(place)
            # The rest of a divided member may bear the member's own name.
            table, whole = (self.inner.get(place.member) if place.member != whole else None), place.member
        return found

    def is_homeless(self, name: str) -> bool:
        """Whether a module has no place, in the outer table or in that of a divided member."""
        members = [place.member for place in self.places(name)]
        return not members or (members[-1] in self.inner and members.count(members[-1]) < 2)

    def fault(self, importer: str, imported: str) -> str | None:
        """Why the import is not allowed, or None."""
        for (user, used), doors in self.doors.items():
            if within(importer, user) and within(imported, used) and imported not in doors:
                return f"{user} → {used}: " + (f"only through {', '.join(doors)}" if doors else "never")
        for source, target in zip(self.places(importer), self.places(imported), strict=False):
            if source.member != target.member:
                return self._fault_between(source, target)
        return None

    def _fault_between(self, source: Place, target: Place) -> str | None:
        if target.ring > source.ring:
            return None
        relation = "strangers in one ring" if target.ring == source.ring else "outward"
        return f"{source.member} → {target.member}: {relation}"

    def violations(self, graph: ImportGraph) -> list[Violation]:
        pairs = ((importer, imported) for importer, targets in graph.items() for imported in targets)
        return sorted(Violation(*pair, fault) for pair in pairs if (fault := self.fault(*pair)))

    def homeless(self, modules: Mapping[str, Module], graph: ImportGraph) -> list[str]:
        """Modules without a place in the table. The file of a package needs none as long as it imports nothing."""
        return [
            name
            for name, module in modules.items()
            if self.is_homeless(name) and (graph[name] or not module.is_package)
        ]

    def free_sets(self, modules: Mapping[str, Module]) -> dict[str, int]:
        """The members within which nothing restricts imports, with their lines."""
        lines: dict[str, int] = defaultdict(int)
        for name, module in modules.items():
            if places := self.places(name):
                lines[places[-1].member] += module.lines
        return lines


def within(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


def place_in(table: Table, name: str) -> Place | None:
    """The place under the longest entry of a table that covers the name."""
    covering = [
        (len(entry), Place(ring, member))
        for ring, entries in enumerate(table)
        for entry in entries
        if (member := member_for(entry, name))
    ]
    return max(covering, key=lambda found: found[0])[1] if covering else None


def member_for(entry: str, name: str) -> str | None:
    """The member of an entry to which a module belongs."""
    folder = entry.removesuffix(".*")
    if folder == entry:
        return entry if within(name, entry) else None
    if not name.startswith(f"{folder}."):
        return None
    return f"{folder}.{name.removeprefix(f'{folder}.').partition('.')[0]}"
