"""The running service takes up changed employees: who can be asked, whom a question fits, and the table, without a restart."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.errors import UnknownEmployee
from graph.ports.runs import RunRequest
from graph.settings import Settings
from graph.web.service import Service
from graph.wiring.catalogue import Catalogue
from graph.wiring.service import open_service
from migrations.runner import migrate, read_migrations
from tests.support.database import PASSWORD
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.prepared_data import copy_model
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("admin_url")

HEAD = "aliases: []\ntitle: Analyst\nemoji: A\nmodel: small\ntemperature: 0.3\nmax_tokens: 9\ntools: []\ncapabilities: []\n"


def write(folder: Path, slug: str, prompt: str, more: str = "") -> None:
    (folder / f"{slug}.md").write_text(f"---\nslug: {slug}\nname: {slug.title()}\n{HEAD}{more}---\n{prompt}\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "employees"
    folder.mkdir()
    write(folder, "ada", "You are Ada.")
    write(folder, "byron", "You are Byron.")
    return folder


@pytest.fixture
async def database(cluster: EmbeddedPostgres) -> str:
    """A database of its own: the employees of this house would take the place of the others."""
    cluster.create_database("live_roster")
    await migrate(cluster.admin_url("live_roster"), read_migrations())
    return "live_roster"


@pytest.fixture
def settings(cluster: EmbeddedPostgres, database: str, tmp_path: Path) -> Settings:
    address = SecretStr(cluster.url("chat_server", PASSWORD, database))
    copy_model(tmp_path)
    return Settings(
        data_dir=tmp_path,
        database_url=address,
        vault_key=SecretStr(b64encode(bytes(32)).decode()),
        default_employee_slug="ada",
        redaction_workers=1,
        database_pool_size=4,
    )


@pytest.fixture
async def service(settings: Settings, folder: Path) -> AsyncIterator[Service]:
    async with open_service(settings, lambda line: None, Catalogue(employees=folder)) as opened:
        yield opened


async def test_the_service_follows_its_employees_files(
    service: Service, folder: Path, cluster: EmbeddedPostgres, database: str
) -> None:
    def profiles() -> dict[str, tuple[str, bool]]:
        with psycopg.connect(cluster.admin_url(database)) as connection:
            rows = connection.execute("select slug, version, is_active from employee_profiles").fetchall()
        return {slug: (version, active) for slug, version, active in rows}

    def has(slug: str, prompt: str) -> bool:
        try:
            return service.roster.find(slug).prompt == prompt
        except UnknownEmployee:
            return False

    write(folder, "charles", "You are Charles.")
    await eventually(lambda: has("charles", "You are Charles."))
    assert profiles()["charles"] == (service.roster.find("charles").version, True)
    assert {match.employee.slug for match in await service.ranker.rank("hello")} == {"ada", "byron", "charles"}

    (folder / "byron.md").unlink()
    await eventually(lambda: not has("byron", "You are Byron."))
    assert [profiles()[slug][1] for slug in ("ada", "byron", "charles")] == [True, False, True]

    with capture_logs() as lines:
        (folder / "ada.md").unlink()
        await eventually(lambda: bool(lines))
    assert [line["event"] for line in lines] == ["employees_not_reloaded"]
    assert service.roster.find("ada").prompt == "You are Ada."


async def test_a_run_records_the_version_with_which_it_began(
    settings: Settings, folder: Path, cluster: EmbeddedPostgres, database: str
) -> None:
    with ScriptedModel().serving() as model:
        slow = settings.model_copy(update={"openai_base_url": model.address})
        async with open_service(slow, lambda line: None, Catalogue(employees=folder)) as service:
            began = service.roster.find("ada").version
            run = await service.runs.accept(RunRequest(str(uuid4()), "[[slow 0.2]] [[say one two three four]]", "ada"))
            events = service.runs.follow(run.user_id, run.id)
            assert (await anext(events))[1]["type"] == "start"
            write(folder, "ada", "You are Ada, and you count in dozens.")
            await eventually(lambda: service.roster.find("ada").version != began)
            assert [event["type"] async for _, event in events][-1] == "done"
    with psycopg.connect(cluster.admin_url(database)) as connection:
        [(trace,)] = connection.execute("select trace from chat_runs where id = %s", (run.id,)).fetchall()
    assert trace["version"] == began
