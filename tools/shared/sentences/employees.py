"""The names of employees."""


def employee_name(slug: str) -> str:
    """The name that a slug stands for: `Budget Master`."""
    return slug.replace("-", " ").title()
