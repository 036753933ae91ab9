"""Targets that run beside a server leave its environment alone; `make help` lists every target."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUN_BESIDE_A_SERVER = ("token", "url", "seed", "rotate", "chat")
PRINT_ARGUMENTS = """#!/bin/sh
echo "$@"
"""
PRINT_ENVIRONMENT = """#!/bin/sh
env
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile with an environment whose programs print what they get."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "requirements-dev.txt").touch()
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    scripts = {
        "python": PRINT_ARGUMENTS,
        "langgraph": PRINT_ENVIRONMENT,
        "ruff": PRINT_ARGUMENTS,
        "mypy": PRINT_ARGUMENTS,
    }
    for name, script in scripts.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    (tmp_path / ".venv" / ".installed-dev").touch()
    return tmp_path


def run_make(checkout: Path, *targets: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-s", *targets, "PYTHON=false"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )


def make_older(file: Path, seconds: int) -> None:
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))


@pytest.mark.parametrize("target", RUN_BESIDE_A_SERVER)
def test_an_environment_is_used_as_it_is(checkout: Path, target: str) -> None:
    ended = run_make(checkout, target)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("-m graph ")


@pytest.mark.parametrize("target", RUN_BESIDE_A_SERVER)
def test_an_outdated_environment_is_used_and_the_command_that_updates_it_is_printed(
    checkout: Path, target: str
) -> None:
    make_older(checkout / ".venv" / ".installed", 60)
    ended = run_make(checkout, target)
    assert ended.returncode == 0
    assert ended.stdout.startswith("-m graph ")
    assert "make install" in ended.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("target", [target for target in RUN_BESIDE_A_SERVER if target != "chat"])
def test_without_an_environment_the_command_that_creates_one_is_printed(checkout: Path, target: str) -> None:
    (checkout / ".venv" / ".installed").unlink()
    ended = run_make(checkout, target)
    assert (ended.returncode != 0, ended.stdout) == (True, "")
    assert "make install" in ended.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_a_chat_without_an_environment_creates_one(checkout: Path) -> None:
    """The creation fails because of `PYTHON=false`, which shows that it was tried."""
    (checkout / ".venv" / ".installed").unlink()
    ended = run_make(checkout, "chat")
    assert ended.returncode != 0
    assert "installing the dependencies" in ended.stdout


def test_a_start_brings_the_environment_up_to_date(checkout: Path) -> None:
    """The update fails because of `PYTHON=false`, which shows that it was tried."""
    make_older(checkout / ".venv" / ".installed", 60)
    assert run_make(checkout, "run").returncode != 0


def test_a_recording_reaches_studio_under_the_name_of_its_setting_only(checkout: Path) -> None:
    """The settings refuse `RECORDING`, which is a former name."""
    ended = run_make(checkout, "studio", "RECORDING=turn.json")
    recording = [line for line in ended.stdout.splitlines() if re.match(r"\w*RECORDING=", line)]
    assert recording == ["STUDIO_RECORDING=turn.json"]


def test_the_processes_of_the_tests_keep_their_bytecode(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".venv" / "bin" / "python").write_text(PRINT_ENVIRONMENT)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    ended = run_make(checkout, "test")
    assert ended.returncode == 0
    assert "PATH=" in ended.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in ended.stdout


def test_help_lists_every_target_once_and_those_of_a_newcomer_first(checkout: Path) -> None:
    listed = re.findall(r"^  make (\S+)", run_make(checkout, "help").stdout, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted({*targets} - {"present"})
    assert listed[:4] == ["run", "chat", "token", "test"]
