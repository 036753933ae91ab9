"""Secrets are made once, whole, for their owner's eyes."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph.adapters.base.owned_files import create_folder
from graph.adapters.crypto.secret_files import load_or_create_secret, replace_private, write_private
from graph.errors import ConfigurationError

ROOT = Path(__file__).parents[4]
AS_ROOT = os.geteuid() == 0


def test_a_secret_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert load_or_create_secret(file, lambda: b"first") == b"first"
    assert load_or_create_secret(file, lambda: b"second") == b"first"


def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_or_create_secret(tmp_path / "secret", lambda: b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert load_or_create_secret(tmp_path / "a" / "b" / "secret", lambda: b"x") == b"x"


def test_no_part_is_left_beside_it(tmp_path: Path) -> None:
    load_or_create_secret(tmp_path / "secret", lambda: b"x")
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"first")
    write_private(tmp_path / "secret", b"second")
    assert (tmp_path / "secret").read_bytes() == b"first"


def test_a_secret_is_replaced_whole_for_its_owner_only(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"first")
    replace_private(tmp_path / "secret", b"second")
    assert (tmp_path / "secret").read_bytes() == b"second"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_a_secret_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="secret"):
        replace_private(tmp_path / "missing" / "secret", b"x")


def test_processes_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    """Each waits for the moment that all are ready for, then makes the secret from its own number."""
    program = (
        "import os, sys, time; from pathlib import Path; from graph.adapters.crypto.secret_files import load_or_create_secret; "
        "file, moment = Path(sys.argv[1]), float(sys.argv[2]); time.sleep(max(0, moment - time.time())); "
        "print(load_or_create_secret(file, lambda: str(os.getpid()).encode()).decode())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "secret"), str(time.time() + 0.7)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(5)]
    said = [child.communicate(timeout=30)[0].strip() for child in children]
    assert said == [(tmp_path / "secret").read_text()] * 5


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(ConfigurationError, match="secret"):
        load_or_create_secret(tmp_path / "secret", lambda: b"y")


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(ConfigurationError, match="secret"):
        load_or_create_secret(tmp_path / "secret", lambda: b"x")


@pytest.mark.skipif(not AS_ROOT, reason="only root can make files for somebody else")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    load_or_create_secret(tmp_path / "inner" / "secret", lambda: b"x")
    for path in (tmp_path / "inner", tmp_path / "inner" / "secret"):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir(mode=0o750)
    create_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
