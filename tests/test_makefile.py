"""What is run beside a server leaves the server's environment alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BESIDE = ("token", "url", "seed", "rotate")
PYTHON = """#!/bin/sh
echo "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile over an environment whose interpreter says what it is asked for."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    interpreter = tmp_path / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(PYTHON)
    interpreter.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    return tmp_path


def make(checkout: Path, target: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-s", target, "PYTHON=false"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )


def age(file: Path, seconds: int) -> None:
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))


@pytest.mark.parametrize("target", BESIDE)
def test_an_environment_is_used_as_it_is(checkout: Path, target: str) -> None:
    ended = make(checkout, target)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("-m graph ")


@pytest.mark.parametrize("target", BESIDE)
def test_an_environment_that_is_older_than_its_list_is_used_and_the_command_that_updates_it_told(
    checkout: Path, target: str
) -> None:
    age(checkout / ".venv" / ".installed", 60)
    ended = make(checkout, target)
    assert ended.returncode == 0
    assert ended.stdout.startswith("-m graph ")
    assert "make install" in ended.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("target", BESIDE)
def test_without_an_environment_the_command_that_makes_one_is_told(checkout: Path, target: str) -> None:
    (checkout / ".venv" / ".installed").unlink()
    ended = make(checkout, target)
    assert (ended.returncode != 0, ended.stdout) == (True, "")
    assert "make install" in ended.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_a_start_brings_the_environment_up_to_date(checkout: Path) -> None:
    """`PYTHON=false` cannot: so it is tried."""
    age(checkout / ".venv" / ".installed", 60)
    assert make(checkout, "run").returncode != 0
