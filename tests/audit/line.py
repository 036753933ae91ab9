"""What an audit prints of one promise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A promise, the figure that was measured, and whether the promise was held."""

    promise: str
    figure: str
    held: bool

    def __str__(self) -> str:
        return f"{'held  ' if self.held else 'BROKEN'}  {self.promise}: {self.figure}"
