"""Files and folders of the data directory that root creates belong to the owner of the directory above.

Root and that user can then run the service in turns.
"""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for the owner of the nearest one that exists."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        give_to_owner_of(folder.parent, folder)


def give_to_owner_of(folder: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
