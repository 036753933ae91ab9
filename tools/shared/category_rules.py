"""The user's rules: which merchants belong to which category."""

from typing import Any

from graph.tool import Row

MOST_RULES = 200


def told(rule: Row) -> dict[str, Any]:
    return {"id": str(rule["id"]), "match": rule["match"], "pattern": rule["pattern"], "category": rule["category"]}
