"""The key of the vault is changed while the service runs; a lost one stops the start and says so."""

import os
import subprocess
from pathlib import Path

from tests.support.forked_process import run_forked
from tests.support.servers import ROOT, running

CARD = "4929 1234 5678 9015"
VALUE = f"my card is {CARD}"


def command(data: Path, name: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "DATABASE", "VAULT"))
    }
    return run_forked(["graph", name], ROOT, {**environment, "DATA_DIR": str(data), "PORT": "0"})


def test_a_key_is_changed_while_the_service_runs_the_old_one_can_go_and_without_the_new_one_it_does_not_start(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with running(data, {}) as server, server.client() as user:
        session = user.ask(VALUE).session
        history = f"/api/sessions/{session}/messages"
        rotated = command(data, "rotate-key")
        assert rotated.returncode == 0, rotated.stderr
        assert "1 of 1 users, 1 values under the new key" in rotated.stderr
        assert CARD in user.get(history).text
        user.ask(f"again, {VALUE}", session_id=session)
        [row] = server.sql("select count(*) as tokens, count(distinct key_prefix) as keys from pii_vault")
        assert row == {"tokens": 1, "keys": 1}
        user_id = user.user
    keys = (data / "vault.key").read_text().splitlines()
    assert [line.partition(":")[0] for line in keys] == ["1", "2"]
    (data / "vault.key").write_text(keys[1])
    with running(data, {}) as server, server.client(user_id) as user:
        assert CARD in user.get(history).text
    (data / "vault.key").unlink()
    refused = command(data, "run")
    assert refused.returncode != 0
    assert "The vault does not open" in refused.stderr
    assert "Traceback" not in refused.stderr
