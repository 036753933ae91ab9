"""An MCP server over standard input and output, as somebody else might have written it: `python mcp_server.py <calls file>`."""

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

from mcp.server.fastmcp import FastMCP
from pydantic import Field

server = FastMCP("rates")
CALLS = Path(sys.argv[1])


@server.tool()
def convert(
    amount: Annotated[float, Field(gt=0, description="How much.")], to: Literal["CAD", "EUR"], note: str = ""
) -> dict[str, str]:
    """Convert US dollars at the rate of the day."""
    with CALLS.open("a") as calls:
        calls.write(f"{amount} {to} {note}\n")
    print(f"asked about {note}", file=sys.stderr)
    return {"amount": f"{amount * 2:.2f}", "currency": to, "note": note}


@server.tool()
def refuse(reason: str) -> str:
    """Always fail."""
    raise ValueError(reason)


@server.tool()
def sleep(seconds: float) -> str:
    """Take a while."""
    time.sleep(seconds)
    return "awake"


if __name__ == "__main__":
    server.run()
