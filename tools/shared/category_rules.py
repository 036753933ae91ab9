"""The user's rules: which merchants belong to which category."""

from typing import Any

from graph.tool import Row

MAX_RULES = 200


def rule_result(rule: Row) -> dict[str, Any]:
    return {"id": str(rule["id"]), "match": rule["match"], "pattern": rule["pattern"], "category": rule["category"]}
