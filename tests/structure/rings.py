"""The ring table: which part of the product may import which.

A module imports the rings below its own and its own member; the members of one ring are strangers to one another.
"""

from tests.structure.placement import Rings

COMMANDS = ("graph.__main__",)
"""The command line; it starts the server."""

ENTRANCES = ("server", "graph.studio", "graph.terminal", "scripts")
"""What is started from outside: the HTTP server, LangGraph Studio, the chat in the terminal, programs for contributors."""

REPLAY = ("graph.replay",)
"""Records turns and plays them again, with the real wiring."""

WIRING = ("graph.wiring",)
"""Chooses the adapters and hands them to everything else."""

SURFACES = ("graph.web", "graph.jobs")
"""What calls the runs: requests and background jobs."""

ADAPTERS = ("graph.adapters", "graph.runs")
"""The implementations of the ports; and the execution of runs, which knows only the ports."""

BUILD = ("graph.build",)
"""The graph: the order of the steps."""

NODES = ("nodes",)
"""The steps of a turn, each a stranger to the others."""

TURN = ("graph.turn",)
"""What several steps share."""

CAPABILITIES = ("tools", "employees", "graph.grounding", "graph.testing", "migrations")
"""What a turn uses, and what knows nothing of turns."""

PORTS = ("graph.ports",)
"""What the rest of the product needs of the outside world."""

CONTRACTS = ("graph.tool", "graph.events", "graph.settings", "graph.retry", "graph.context")
"""What ports speak of: a tool, an event, a turn's context; and the settings."""

FOUNDATIONS = ("graph.redaction", "graph.setting_checks", "graph.validation")
"""Pure functions over texts and values."""

VALUES = ("graph.errors", "graph.state", "graph.values")
"""Plain values that import nothing of the product."""

ADAPTER_FAMILIES = (
    ("graph.adapters.*",),
    ("graph.adapters.crypto",),
    ("graph.adapters.base",),
)
"""Each family of adapters is a stranger to the others. Stores and key files use encryption; all use the base."""

POSTGRES = (
    ("graph.adapters.postgres.provisioning",),
    ("graph.adapters.postgres.*",),
    ("graph.adapters.postgres.fencing", "graph.adapters.postgres.embedded"),
    (
        "graph.adapters.postgres.database",
        "graph.adapters.postgres.named_queries",
        "graph.adapters.postgres.await_database",
        "graph.adapters.postgres.postmaster",
        "graph.adapters.postgres.server_account",
        "graph.adapters.postgres.server_settings",
    ),
)
"""The families of stores are strangers to one another; connections, queries and the fence are their base."""

REDACTION = (
    ("graph.redaction.detection", "graph.redaction.masking", "graph.redaction.unmasking"),
    ("graph.redaction.rules", "graph.redaction.links"),
    ("graph.redaction.values",),
)
"""Detection, masking and unmasking are strangers to one another. They stand on the rules and on the reading of URLs."""

REDACTION_RULES = (
    ("graph.redaction.rules.*",),
    ("graph.redaction.rules.vocabulary",),
    ("graph.redaction.rules.checksums", "graph.redaction.rules.spans"),
)
"""Each family of rules is a stranger to the others; all use the word lists, the check digits and the spans."""

TOOLS = (
    ("tools.catalog",),
    ("tools.*",),
    ("tools.shared", "tools.rendering"),
)
"""Each tool is a stranger to the others; the catalogue lists them all."""

STEPS = (("nodes.*",),)
"""Each step is a stranger to the others."""

TERMINAL_DOORS: dict[tuple[str, str], tuple[str, ...]] = {
    ("graph.terminal", member): ()
    for ring in (REPLAY, WIRING, SURFACES, ADAPTERS, BUILD, NODES, TURN, CAPABILITIES, PORTS, FOUNDATIONS)
    for member in ring
}
"""The terminal knows the service by its HTTP API. It shares the settings and the errors with it."""

DOORS = {
    **TERMINAL_DOORS,
    ("graph.terminal", "graph.tool"): (),
    ("graph.terminal", "graph.events"): (),
    ("graph.terminal", "graph.context"): (),
    ("graph.terminal", "graph.state"): (),
    ("graph.web", "graph.adapters"): (),
    ("graph.web", "graph.runs"): ("graph.runs.manager",),
}
"""Routes see ports and the run manager, never an adapter."""

RINGS = Rings(
    outer=(
        *(COMMANDS, ENTRANCES, REPLAY, WIRING, SURFACES, ADAPTERS, BUILD, NODES, TURN),
        *(CAPABILITIES, PORTS, CONTRACTS, FOUNDATIONS, VALUES),
    ),
    inner={
        "graph.adapters": ADAPTER_FAMILIES,
        "graph.adapters.postgres": POSTGRES,
        "graph.redaction": REDACTION,
        "graph.redaction.rules": REDACTION_RULES,
        "tools": TOOLS,
        "nodes": STEPS,
    },
    doors=DOORS,
)
