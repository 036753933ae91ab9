"""Files of tools are stored under safe names and never over one another."""

from pathlib import Path

import pytest

from graph.terminal.api import DownloadedFile
from graph.terminal.downloads import MAX_NAME_BYTES, store_download


def store(name: str, folder: Path) -> Path:
    return store_download(DownloadedFile(name, "text/csv", b"1,2"), folder)


def test_a_file_is_stored_for_its_user_only(tmp_path: Path) -> None:
    path = store("März 2026.csv", tmp_path / "downloads")
    assert (path.name, path.read_bytes()) == ("März 2026.csv", b"1,2")
    assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    assert [store("a.csv", tmp_path).name for _ in range(3)] == ["a.csv", "a-2.csv", "a-3.csv"]


@pytest.mark.parametrize(
    "name",
    ["../../evil.csv", "/etc/passwd", "..", ".", "", ".bashrc", "a\x1b[31m\n.csv", "C:\\x.csv", "x" * 500, "é" * 300],
)
def test_no_name_leaves_the_folder_or_hides_the_file(tmp_path: Path, name: str) -> None:
    path = store(name, tmp_path)
    assert path.parent == tmp_path
    assert list(tmp_path.iterdir()) == [path]
    assert not path.name.startswith(".")
    assert path.name.isprintable()
    assert len(path.name.encode()) <= MAX_NAME_BYTES
