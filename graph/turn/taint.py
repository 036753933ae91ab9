"""What has brought text into a turn that its user did not write."""

from langchain_core.messages import ToolMessage

from graph.ports.tools import ToolRuntime
from graph.state import Turn

STORED_TEXTS = "stored texts"


def taint_sources(state: Turn, toolbox: ToolRuntime) -> list[str]:
    """The tools that did, by name, and `STORED_TEXTS`; none where the model has read its user's words and figures only."""
    names = {message.name for message in state["messages"] if isinstance(message, ToolMessage) and message.name}
    tools = {tool.name for tool in toolbox.tools(sorted(names)) if tool.returns_untrusted_text}
    return sorted(tools | ({STORED_TEXTS} if state.get("passages") else set()))
