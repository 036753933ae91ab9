"""What docs/replay.md tells its readers to write works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

HEAD = """
from pathlib import Path

import pytest

from graph.replay.check import assert_unchanged

"""


def test_three_lines_make_a_folder_of_recordings_a_test_suite(tmp_path: Path) -> None:
    [lines] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "replay.md").read_text("utf-8"), re.DOTALL)
    assert len(lines.splitlines()) == 3
    (tmp_path / "recordings").symlink_to(ROOT / "tests" / "recordings")
    (tmp_path / "test_mine.py").write_text(HEAD + lines)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert f"{len([*(tmp_path / 'recordings').glob('*.json')])} passed" in done.stdout
