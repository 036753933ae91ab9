"""A command with a wrong setting ends with one message, without a traceback and without a secret."""

import os
import socket
import sys
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from graph.__main__ import COMMANDS, main
from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.postgres.provisioning import create_data_dir, start_embedded
from graph.errors import ConfigurationError, DatabaseUnavailable
from graph.settings import Settings
from tests.support.database import PASSWORD
from tests.support.fakes.tokens import TokenForger
from tests.support.forked_process import run_forked

ROOT = Path(__file__).parents[2]
KEY = "A" * 43 + "="
SECRET = "S3cret"


def run_command(command: str, data: Path, **environment: str) -> tuple[int, str]:
    """Run a command that fails; return its exit code and output."""
    names = {name.upper() for name in Settings.model_fields}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    ended = run_forked(["graph", command], ROOT, {**inherited, "DATA_DIR": str(data), "PORT": "0", **environment}, 60)
    output = ended.stdout + ended.stderr
    assert "Traceback" not in output
    assert SECRET not in output
    return ended.returncode, output


@pytest.mark.parametrize("command", ["run", "migrate"])
def test_a_refused_password_is_reported_with_the_name_of_its_setting(
    database_url: str, tmp_path: Path, command: str
) -> None:
    address = database_url.replace(PASSWORD, SECRET)
    environment = {"DATABASE_URL": address, "MIGRATION_DATABASE_URL": address, "VAULT_KEY": KEY}
    code, output = run_command(command, tmp_path, **environment)
    assert code == 1
    assert "refuses the user or the password of" in output
    assert "try again in a moment" not in output


def test_a_role_other_than_the_servers_is_reported(admin_url: str, database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"create role other login password '{PASSWORD}'")
    try:
        address = database_url.replace("chat_server", "other")
        code, output = run_command("run", tmp_path, DATABASE_URL=address, VAULT_KEY=KEY)
    finally:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute("drop role other")
    assert (code, "it must be chat_server" in output) == (1, True)


@pytest.mark.parametrize("place", ["/dev/null", "/proc/nothing", "x" * 300])
def test_a_data_directory_that_cannot_be_created_is_reported_by_its_name(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigurationError, match="DATA_DIR"):
        start_embedded_in(tmp_path / place)


def start_embedded_in(place: Path) -> None:
    create_data_dir(place)
    start_embedded(place, lambda line: None)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", TokenForger("", ec.generate_private_key(ec.SECP384R1())).private_pem()]
)
def test_a_file_that_is_not_a_key_of_the_issuer_is_reported_by_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "issuer.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^issuer\.pem in DATA_DIR holds no key of this service"):
        LocalIssuer(file)


def test_a_taken_port_is_reported_with_the_names_of_its_settings(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = run_command("run", tmp_path, PORT=str(taken.getsockname()[1]))
    assert (code, "set HOST or PORT" in output) == (1, True)


@pytest.mark.parametrize(
    ("error", "output"),
    [
        (DatabaseUnavailable(), "url: The database cannot be reached; try again in a moment."),
        (KeyError(SECRET), r"url: ended by KeyError at test_main\.py:\d+"),
    ],
)
def test_an_unexpected_error_ends_a_command_without_its_text(
    monkeypatch: pytest.MonkeyPatch, error: Exception, output: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setitem(COMMANDS, "url", fail)
    monkeypatch.setattr(sys, "argv", ["graph", "url"])
    with pytest.raises(SystemExit, match=f"^{output}$"):
        main()
