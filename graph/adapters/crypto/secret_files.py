"""Secret files in the data directory: created on first use, readable by their owner only.

A file that root creates in a directory of another user belongs to that user, so root and the user can run the service in turn.
"""

import os
from collections.abc import Callable
from pathlib import Path

from graph.adapters.base.owned_files import create_folder, match_owner
from graph.errors import ConfigurationError


def load_or_create_secret(file: Path, create: Callable[[], bytes]) -> bytes:
    """The content of a file; `create` returns the content of a missing file.

    Raises:
        ConfigurationError: this user may not read or write it.
    """
    try:
        create_folder(file.parent)
        if not file.exists():
            write_private(file, create())
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be used ({error.strerror}): run as the user who owns it, or name another directory in DATA_DIR."
        ) from error


def write_private(file: Path, content: bytes) -> None:
    """Create a file atomically, readable by its owner only; if two writers create it, the first one wins."""
    temporary = write_temporary(file, content)
    try:
        file.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def replace_private(file: Path, content: bytes) -> None:
    """Replace the content of a file atomically.

    Raises:
        ConfigurationError: this user may not write it.
    """
    try:
        write_temporary(file, content).replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({error.strerror}): run as the user who owns it."
        ) from error


def write_temporary(file: Path, content: bytes) -> Path:
    """Write a temporary file in the folder of another file, readable by the folder's owner only."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    match_owner(file.parent, part)
    return part
