"""Real servers in temporary directories; fsync is off, as nobody needs their rows after the test."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest
from psycopg import sql
from structlog.testing import capture_logs

from graph.adapters.postgres import embedded as embedded_postgres
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.embedded_watch import supervised
from graph.adapters.postgres.postmaster import is_running, terminate_orphans
from graph.errors import ConfigurationError
from tests.support.waiting import eventually, wait_until

REPOSITORY = Path(__file__).parents[4]
FAST = MappingProxyType({"fsync": "off"})
USER_OF_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from graph.adapters.postgres.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), lambda line: None, {"fsync": "off"}):
    print("up", flush=True)
    sys.stdin.read()
"""

StartElsewhere = Callable[[Path], "subprocess.Popen[str]"]


def silent(line: str) -> None:
    pass


def cluster(home: Path, report: Callable[[str], None] = silent) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, report, FAST)


def ask(postgres: EmbeddedPostgres, query: str, database: str = "postgres") -> object:
    with psycopg.connect(postgres.admin_url(database), autocommit=True) as connection:
        row = connection.execute(sql.SQL(query)).fetchone()
    return row and row[0]


def run(postgres: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(postgres.admin_url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement))


def accepts_connections(home: Path) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int((home / "port").read_text()))) == 0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with cluster(tmp_path_factory.mktemp("a path with spaces, and 'quotes'") / "postgres") as postgres:
        yield postgres


@pytest.fixture
def start_elsewhere() -> Iterator[StartElsewhere]:
    """Starts the cluster in another process, which uses it until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", USER_OF_ANOTHER_PROCESS, str(home)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in started:
        process.communicate()


def test_it_answers_in_a_path_with_spaces_and_quotes(shared: EmbeddedPostgres) -> None:
    assert str(ask(shared, "show server_version")).startswith("18.")


def test_it_has_pgvector(shared: EmbeddedPostgres) -> None:
    run(shared, "create extension vector")
    assert ask(shared, "select '[0, 0]'::vector <-> '[3, 4]'") == 5


def test_letters_beyond_ascii_have_cases(shared: EmbeddedPostgres) -> None:
    assert ask(shared, "select lower('ÄÉ')") == "äé"


def test_a_wrong_password_is_refused(shared: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(shared.url("admin", "wrong", "postgres"))


def test_every_way_in_asks_for_a_password(shared: EmbeddedPostgres) -> None:
    assert ask(shared, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules") == "scram-sha-256"


def test_it_listens_on_loopback_only(shared: EmbeddedPostgres) -> None:
    assert ask(shared, "show listen_addresses") == "127.0.0.1"
    assert ask(shared, "show unix_socket_directories") == ""


def test_a_role_with_any_password_has_an_address(shared: EmbeddedPostgres) -> None:
    run(shared, "create role \"a@b/c\" login password 'p:w@/?#%'")
    with psycopg.connect(shared.url("a@b/c", "p:w@/?#%", "postgres")) as connection:
        assert connection.info.user == "a@b/c"


def test_a_database_is_made_once(shared: EmbeddedPostgres) -> None:
    assert shared.create_database("once")
    assert not shared.create_database("once")


def test_a_database_can_copy_another(shared: EmbeddedPostgres) -> None:
    shared.create_database("model")
    with psycopg.connect(shared.admin_url("model")) as connection:
        connection.execute("create table kept as select 7 as number")
    shared.create_database("copy", template="model")
    assert ask(shared, "select number from kept", "copy") == 7


def test_the_server_does_not_inherit_our_environment(shared: EmbeddedPostgres) -> None:
    with psycopg.connect(shared.admin_url("postgres")) as connection:
        connection.execute("create temp table variables (line text)")
        connection.execute("copy variables from program 'env'")
        names = {line.partition("=")[0] for (line,) in connection.execute("select line from variables")}
    assert "PATH" in names
    assert "PYTEST_CURRENT_TEST" not in names


def test_the_password_can_be_read_by_its_owner_only(shared: EmbeddedPostgres) -> None:
    home = Path(str(ask(shared, "show data_directory"))).parent
    assert (home / "password").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "statement",
    [
        "select 'secret-4111'::int",
        "do $$ begin raise warning 'secret-4111'; end $$; select 1 / 0 as \"secret-4111\"",
        "create temp table t (x text primary key); insert into t values ('secret-4111'), ('secret-4111')",
        "select pg_terminate_backend(pg_backend_pid()), 'secret-4111'",
    ],
)
def test_no_value_of_a_failed_statement_is_logged(shared: EmbeddedPostgres, statement: str) -> None:
    with pytest.raises(psycopg.Error):
        run(shared, statement)
    assert "secret-4111" not in log_of(shared)


def test_no_bound_value_of_a_failed_statement_is_logged(shared: EmbeddedPostgres) -> None:
    with psycopg.connect(shared.admin_url("postgres")) as connection, pytest.raises(psycopg.DataError):
        connection.execute("select %s::text::int", ["secret-4111"])
    assert "secret-4111" not in log_of(shared)


def log_of(postgres: EmbeddedPostgres) -> str:
    log = Path(str(ask(postgres, "show data_directory"))).parent / "log"
    text = log.read_text()
    assert "ready to accept connections" in text
    return text


def test_no_value_of_a_statement_that_crashed_is_logged(tmp_path: Path) -> None:
    with cluster(tmp_path) as postgres, pytest.raises(psycopg.OperationalError):
        run(postgres, "copy (select 'secret-4111') to program 'kill -9 $PPID'")
    log = (tmp_path / "log").read_text()
    assert "terminated by signal 9" in log
    assert "secret-4111" not in log


def test_a_second_start_keeps_rows_password_and_port(tmp_path: Path) -> None:
    with cluster(tmp_path / "new" / "home") as first:
        address = first.admin_url()
        first.create_database("kept")
    with cluster(tmp_path / "new" / "home") as second:
        assert second.admin_url() == address
        assert not second.create_database("kept")


def test_stop_ends_the_server(tmp_path: Path) -> None:
    with cluster(tmp_path):
        assert accepts_connections(tmp_path)
    assert not accepts_connections(tmp_path)


def test_another_port_is_taken_if_the_last_one_is_in_use(tmp_path: Path) -> None:
    with cluster(tmp_path) as postgres:
        address = postgres.admin_url()
    taken = int((tmp_path / "port").read_text())
    with closing(socket.create_server(("127.0.0.1", taken))), cluster(tmp_path) as postgres:
        assert postgres.admin_url() != address
        assert ask(postgres, "select 1") == 1


def test_an_orphan_is_adopted_and_stopped(tmp_path: Path, start_elsewhere: StartElsewhere) -> None:
    start_elsewhere(tmp_path).kill()
    said: list[str] = []
    with cluster(tmp_path, said.append) as postgres:
        assert ask(postgres, "select 1") == 1
    assert "already runs" in said[0]
    assert not accepts_connections(tmp_path)


def test_a_server_that_another_process_uses_is_left_to_it(tmp_path: Path, start_elsewhere: StartElsewhere) -> None:
    other = start_elsewhere(tmp_path)
    with cluster(tmp_path):
        pass
    assert accepts_connections(tmp_path)
    other.communicate()
    assert not accepts_connections(tmp_path)


def test_two_first_starts_at_once_share_one_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", USER_OF_ANOTHER_PROCESS, str(tmp_path)]
    options = {"cwd": REPOSITORY, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    both = [subprocess.Popen(command, **options) for _ in range(2)]  # type: ignore[call-overload]
    assert [process.stdout.readline() for process in both] == [b"up\n", b"up\n"]
    assert [process.communicate() and process.returncode for process in both] == [0, 0]
    assert not accepts_connections(tmp_path)


def test_a_stale_pid_file_that_names_a_living_process_does_not_block(tmp_path: Path) -> None:
    with cluster(tmp_path):
        left = (tmp_path / "data" / "postmaster.pid").read_text().splitlines()
    (tmp_path / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    with cluster(tmp_path) as postgres:
        assert ask(postgres, "select 1") == 1


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data.new" / "base").mkdir(parents=True)
    (tmp_path / "data.new" / "PG_VERSION").write_text("18\n")
    (tmp_path / "password").write_text("")
    (tmp_path / "port").write_text("")
    with cluster(tmp_path) as postgres:
        assert ask(postgres, "select 1") == 1
    assert not (tmp_path / "data.new").exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no_such_setting"):
        EmbeddedPostgres(tmp_path, silent, {**FAST, "no_such_setting": "1"}).start()


def test_a_home_of_another_user_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="DATA_DIR"):
        cluster(tmp_path).start()


def test_a_home_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="DATA_DIR"):
        cluster(tmp_path / "file" / "home").start()


def test_an_address_before_the_first_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        cluster(tmp_path).admin_url()


# A server that is killed ----------------------------------------------------------------------------------------------

REVIVED_SECONDS = 5.0


def postmaster_of(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def kill_postmaster(home: Path) -> None:
    """Return when it is gone; its children may still be there."""
    pid = postmaster_of(home)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))


@pytest.fixture(scope="module")
def frail_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster whose server is killed by several tests."""
    return tmp_path_factory.mktemp("frail") / "postgres"


@pytest.fixture
def frail(frail_home: Path) -> Iterator[EmbeddedPostgres]:
    with cluster(frail_home) as postgres:
        yield postgres


def test_a_server_that_was_killed_is_up_again_on_its_port_with_its_rows(
    frail: EmbeddedPostgres, frail_home: Path
) -> None:
    address = frail.admin_url("postgres")
    run(frail, "create table if not exists kept (number int)")
    run(frail, "insert into kept values (7)")
    assert not frail.has_crashed()
    kill_postmaster(frail_home)
    assert frail.has_crashed()
    began = time.monotonic()
    frail.restart()
    assert time.monotonic() - began < REVIVED_SECONDS
    assert not frail.has_crashed()
    assert frail.admin_url("postgres") == address
    assert ask(frail, "select max(number) from kept") == 7


def test_a_server_whose_processes_are_busy_when_it_is_killed_is_up_again_soon(
    frail: EmbeddedPostgres, frail_home: Path
) -> None:
    with psycopg.connect(frail.admin_url("postgres"), autocommit=True) as connection:
        busy = threading.Thread(target=count_until_it_ends, args=(connection,))
        busy.start()
        query = "select count(*) from pg_stat_activity where query like '%busy%' and state = 'active'"
        wait_until(lambda: ask(frail, query) != 1)
        kill_postmaster(frail_home)
        began = time.monotonic()
        frail.restart()
        assert time.monotonic() - began < REVIVED_SECONDS
        busy.join(10)
    assert ask(frail, "select 1") == 1


def count_until_it_ends(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    with suppress(psycopg.Error):
        connection.execute("select sum(random()) as busy from generate_series(1, 4000000000)")


def test_a_next_start_after_a_kill_ends_what_is_left_and_starts(tmp_path: Path) -> None:
    postgres = cluster(tmp_path)
    postgres.start()
    kill_postmaster(tmp_path)
    with cluster(tmp_path) as another:
        assert ask(another, "select 1") == 1
    postgres.stop()


def test_a_server_that_was_told_to_stop_has_not_crashed(frail: EmbeddedPostgres, frail_home: Path) -> None:
    pid = postmaster_of(frail_home)
    os.kill(pid, signal.SIGQUIT)
    wait_until(lambda: not is_running(pid))
    assert not frail.has_crashed()


def test_two_processes_that_see_the_server_killed_revive_one(frail: EmbeddedPostgres, frail_home: Path) -> None:
    with cluster(frail_home) as other:
        kill_postmaster(frail_home)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: each.restart(), (frail, other)))
        assert ask(frail, "select 1") == ask(other, "select 1") == 1


def test_a_server_whose_port_was_taken_meanwhile_is_not_moved(
    frail: EmbeddedPostgres, frail_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_postgres, "MAX_START_ATTEMPTS", 2)
    monkeypatch.setattr(embedded_postgres, "RETRY_SECONDS", 0.01)
    port = int((frail_home / "port").read_text())
    kill_postmaster(frail_home)
    terminate_orphans(frail_home / "data")
    with (
        closing(socket.create_server(("127.0.0.1", port))),
        pytest.raises(ConfigurationError, match=f"its port {port} is taken"),
    ):
        frail.restart()
    frail.restart()
    assert ask(frail, "select 1") == 1


async def block_of(postgres: EmbeddedPostgres, started: "asyncio.Event") -> None:
    async with supervised(postgres):
        started.set()
        await asyncio.Event().wait()


async def test_a_server_that_is_killed_is_revived_by_who_watches_it(frail: EmbeddedPostgres, frail_home: Path) -> None:
    with capture_logs() as lines:
        async with supervised(frail):
            await asyncio.to_thread(kill_postmaster, frail_home)
            await eventually(lambda: "postgres_restarted" in [line["event"] for line in lines], REVIVED_SECONDS)
            assert ask(frail, "select 1") == 1
    assert [line["event"] for line in lines] == ["postgres_exited", "postgres_restarted"]


async def test_a_server_that_cannot_be_revived_ends_what_stands_on_it(tmp_path: Path) -> None:
    postgres, started = cluster(tmp_path), asyncio.Event()
    postgres.start()
    block = asyncio.create_task(block_of(postgres, started))
    await started.wait()
    control = tmp_path / "data" / "global" / "pg_control"
    control.rename(control.with_name("elsewhere"))
    await asyncio.to_thread(kill_postmaster, tmp_path)
    with pytest.raises(ConfigurationError, match="PostgreSQL does not run"):
        await block
    postgres.stop()


async def test_an_error_of_what_stands_on_a_watched_server_stays_what_it_is(frail: EmbeddedPostgres) -> None:
    with pytest.raises(KeyError):
        async with supervised(frail):
            raise KeyError
