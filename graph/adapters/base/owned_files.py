"""Files and folders of the data directory that root creates belong to the owner of the directory above.

Root and that user can then run the service in turns.
"""

import os
from pathlib import Path


def create_folder(folder: Path) -> None:
    """Create a folder and its parents. They belong to the owner of the nearest parent that exists."""
    if not folder.exists():
        create_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        match_owner(folder.parent, folder)


def match_owner(folder: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
