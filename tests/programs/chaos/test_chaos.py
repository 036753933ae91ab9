"""The short form of `make chaos`: a few faults of each kind, and nothing is lost."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.processes import ROOT, surroundings

SEED = 4


def test_kills_a_restart_a_stop_and_a_sleep_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--quick", "--seed", str(SEED), "--folder", str(tmp_path)],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = (tmp_path / f"seed-{SEED}" / "operations.jsonl").read_text("utf-8").splitlines()
    turns = [json.loads(line) for line in lines]
    kinds = {turn["kind"] for turn in turns}
    assert kinds == {
        "kill -9",
        "sleep past the lease",
        "SIGTERM under load",
        "immediate Postgres restart",
        "kill -9 of Postgres",
    }
    assert all(turn["last"]["type"] in ("done", "error") for turn in turns)
