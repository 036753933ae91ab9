"""Files that a tool leaves for its caller."""

from graph.errors import FileTooLarge
from graph.tool import Files, ToolError


async def store_file(files: Files, name: str, media_type: str, content: bytes, advice: str) -> str:
    """Leave a file for the caller and return its id.

    Args:
        files: of the caller.
        name: what the file is called.
        media_type: of the content.
        content: what is in the file.
        advice: what the model can do where the file is too large.

    Raises:
        ToolError: the file is too large.
        DatabaseUnavailable: no connection could be had in time.
    """
    try:
        return await files.store(name, media_type, content)
    except FileTooLarge:
        raise ToolError(f"The file would be too large; {advice}.") from None
