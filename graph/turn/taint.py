"""Sources of untrusted text in a turn (taint)."""

from langchain_core.messages import ToolMessage

from graph.ports.tools import ToolRuntime
from graph.state import Turn

STORED_TEXTS = "stored texts"
"""The source of retrieved passages."""


def taint_sources(state: Turn, toolbox: ToolRuntime) -> list[str]:
    """The sources of text in this turn that the user did not write: names of tools and `STORED_TEXTS`, sorted."""
    names = {message.name for message in state["messages"] if isinstance(message, ToolMessage) and message.name}
    tools = {tool.name for tool in toolbox.tools(sorted(names)) if tool.returns_untrusted_text}
    return sorted(tools | ({STORED_TEXTS} if state.get("passages") else set()))
