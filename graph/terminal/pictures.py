"""Pictures as the escape sequences that draw them."""

from base64 import standard_b64encode
from collections.abc import Iterator

from graph.terminal.environment import PictureProtocol

PNG = "image/png"
COLUMNS = 72
"""Width of a picture in columns of the terminal."""
KITTY_CHUNK = 4096
"""Characters of base64 that one sequence of kitty's protocol may carry."""


def picture_sequence(content: bytes, protocol: PictureProtocol, columns: int = COLUMNS) -> str:
    """The sequence that draws a PNG at the cursor."""
    encoded = standard_b64encode(content).decode()
    if protocol == "iterm2":
        options = f"inline=1;width={columns};preserveAspectRatio=1;size={len(content)}"
        return f"\x1b]1337;File={options}:{encoded}\x07\n"
    return "".join(kitty_sequences(encoded, columns)) + "\n"


def kitty_sequences(encoded: str, columns: int) -> Iterator[str]:
    """The picture in pieces. `q=2` keeps the terminal from answering, since the answer would arrive as typed text."""
    pieces = [encoded[start : start + KITTY_CHUNK] for start in range(0, len(encoded), KITTY_CHUNK)] or [""]
    for number, piece in enumerate(pieces):
        more = int(number < len(pieces) - 1)
        controls = f"a=T,f=100,q=2,c={columns},m={more}" if number == 0 else f"m={more}"
        yield f"\x1b_G{controls};{piece}\x1b\\"
