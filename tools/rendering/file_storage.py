"""Stores files that a tool creates for the user."""

from graph.errors import FileTooLarge
from graph.tool import Files, ToolError


async def store_file(files: Files, name: str, media_type: str, content: bytes, advice: str) -> str:
    """Store a file for the user and return its id.

    Args:
        files: the user's files.
        name: the name of the file.
        media_type: the media type of the content.
        content: the content of the file.
        advice: what the model can do if the file is too large.

    Raises:
        ToolError: the file is too large.
        DatabaseUnavailable: no connection was available in time.
    """
    try:
        return await files.store(name, media_type, content)
    except FileTooLarge:
        raise ToolError(f"The file would be too large; {advice}.") from None
