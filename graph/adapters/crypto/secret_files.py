"""Secrets in files of the data directory: made on first use, readable by their owner only.

What root makes in somebody else's directory belongs to that somebody, so that root and the owner can take turns.
"""

import os
from collections.abc import Callable
from pathlib import Path

from graph.adapters.base.owned_files import create_folder, match_owner
from graph.errors import ConfigurationError


def keep_secret(file: Path, make: Callable[[], bytes]) -> bytes:
    """The content of this file; `make` gives it if there is none yet.

    Raises:
        ConfigurationError: this user may not read or write it.
    """
    try:
        create_folder(file.parent)
        if not file.exists():
            write_private(file, make())
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be used ({error.strerror}): run as the user who owns it, or name another directory in DATA_DIR."
        ) from error


def write_private(file: Path, content: bytes) -> None:
    """Write a new file for its owner only; whole or not at all, and the first of two writers wins."""
    part = write_part(file, content)
    try:
        file.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def replace_private(file: Path, content: bytes) -> None:
    """Put a new content into a file; whoever reads it meanwhile finds the old one or the new one, whole.

    Raises:
        ConfigurationError: this user may not write it.
    """
    try:
        write_part(file, content).replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({error.strerror}): run as the user who owns it."
        ) from error


def write_part(file: Path, content: bytes) -> Path:
    """Write a file beside another one, for the same owner only."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    match_owner(file.parent, part)
    return part
