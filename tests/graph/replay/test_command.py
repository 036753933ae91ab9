"""`python -m graph.replay run`: what it prints, and how it ends."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graph.replay.recording import Recording, RecordingUnreadable
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.forked_process import run_forked

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "tests" / "recordings"


@pytest.fixture
def replay(tmp_path: Path) -> Any:
    """Runs the command with these arguments; none of our settings is in its environment."""

    def run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = ["graph.replay", "run", *map(str, arguments)]
        return run_forked(command, ROOT, {"DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin", **environment})

    return run


@pytest.fixture
def compare_lines(tmp_path: Path) -> Path:
    """A recording of a turn in which the model was told something else."""
    recording = Recording.read(RECORDINGS / "one_tool.json")
    recording.outcome.requests[0][7] = "A rule that is no more."
    recording.write(tmp_path / "changed.json")
    return tmp_path / "changed.json"


def test_a_folder_of_turns_that_are_as_recorded_ends_well(replay: Any) -> None:
    done = replay(RECORDINGS)
    assert (done.returncode, done.stderr) == (0, "")
    *lines, summary = done.stdout.splitlines()
    assert len(lines) == len([*RECORDINGS.rglob("*.json")])
    assert all(line.startswith("as recorded ") for line in lines)
    assert summary == f"{len(lines)} as recorded, 0 differ"


def test_a_turn_that_differs_is_shown_as_a_diff_and_ends_badly(replay: Any, compare_lines: Path) -> None:
    done = replay(RECORDINGS / "plain_answer.json", compare_lines)
    assert done.returncode == 1
    assert f"DIFFERS  {compare_lines}" in done.stdout
    assert "    request 1 to the model:" in done.stdout
    assert "      -A rule that is no more." in done.stdout
    assert done.stdout.splitlines()[-1] == "1 as recorded, 1 differ"


def test_what_differs_is_accepted_on_purpose_only(replay: Any, compare_lines: Path) -> None:
    before = compare_lines.read_text()
    replay(compare_lines)
    assert compare_lines.read_text() == before
    done = replay(compare_lines, "--accept")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 as recorded, 1 accepted")
    assert replay(compare_lines).returncode == 0


def test_a_real_model_is_asked_instead_and_both_answers_stand_side_by_side(replay: Any) -> None:
    with ScriptedModel().serving() as model:
        done = replay(RECORDINGS / "plain_answer.json", "--live", OPENAI_BASE_URL=model.address)
        [asked] = model.requests
    assert done.returncode == 0, done.stderr
    assert asked["messages"][-1]["content"] == Recording.read(RECORDINGS / "plain_answer.json").question
    head = next(line for line in done.stdout.splitlines() if "recorded" in line)
    assert head.split() == ["recorded", "|", "live"]
    assert "| hello" in done.stdout


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no JSON", "Expecting value"),
        ("{}", "format"),
        ('{"format": 99}', "its format is 99, and this program knows those up to 2"),
        ('{"format": 2}', "employee: Field required"),
        ("[]", "list indices"),
    ],
)
def test_a_file_that_is_no_recording_says_why(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(RecordingUnreadable, match=reason):
        Recording.read(file)


def test_a_file_that_is_no_recording_is_named_with_the_reason(replay: Any, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": 99}')
    done = replay(file)
    assert done.returncode == 1
    assert done.stderr.startswith(f"replay: {file} is not a recording that this program can read: its format is 99")
    assert "Traceback" not in done.stderr


def test_no_recording_at_all_is_an_error(replay: Any, tmp_path: Path) -> None:
    assert replay(tmp_path).stderr == f"replay: There is no recording in {tmp_path}.\n"
    assert "is not a recording" in replay(tmp_path / "missing.json").stderr


def test_a_recording_of_format_1_still_loads_and_plays(replay: Any) -> None:
    old = Path(__file__).parent / "format-1.json"
    assert json.loads(old.read_text())["format"] == 1
    assert [step["node"] for step in Recording.read(old).steps] == ["reason", "reason"]
    assert replay(old).returncode == 0


def test_a_recording_is_written_as_it_was_read(tmp_path: Path) -> None:
    for file in RECORDINGS.glob("*.json"):
        Recording.read(file).write(tmp_path / file.name)
        assert (tmp_path / file.name).read_text() == file.read_text()
