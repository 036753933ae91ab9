"""Files that tools made, stored where the user can open them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from graph.terminal.api import DownloadedFile
from graph.terminal.printable import printable

UNSAFE = re.compile(r'[/\\:*?"<>|\t\n]|^\.+')
"""Parts of a name that could lead out of the folder, hide the file, or are refused by some file systems."""
MAX_NAME_BYTES = 120


def store_download(file: DownloadedFile, folder: Path) -> Path:
    """Write the file into the folder under a name that is free there, readable for this user only; return its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in free_names(folder, safe_name(file.name)):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.content)
        return path
    raise AssertionError("free_names does not end")


def safe_name(name: str) -> str:
    """The name as one that stays in its folder."""
    safe = UNSAFE.sub("_", printable(name)).strip()
    stem, dot, ending = safe.rpartition(".")
    if not dot:
        stem, ending = safe, ""
    room = MAX_NAME_BYTES - len(dot + ending)
    return (stem.encode()[: max(1, room)].decode("utf-8", "ignore") or "file") + dot + ending[:20]


def free_names(folder: Path, name: str) -> Iterator[Path]:
    """The name, then the name with the numbers from 2."""
    yield folder / name
    number = 2
    while True:
        yield folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        number += 1
