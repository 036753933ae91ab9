"""Mutation tests of the suite: each guard that is removed here turns the check that guards it red.

A check is the very function that the suite runs; it is green without the fault, and that is seen here, too.
"""

import asyncio
import importlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres import database as transactions
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.privacy import vault as vault_module
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import ConfigurationError
from graph.ports.approvals import ApprovalState
from graph.redaction.detection import decode
from graph.redaction.links.link_sanitizer import LinkSanitizer
from graph.redaction.masking.known_values import KnownValues
from graph.redaction.unmasking import unmask
from graph.redaction.unmasking.stream_buffer import StreamBuffer
from graph.redaction.values import normalise
from graph.testing.in_memory_vault import InMemoryVault
from graph.turn import approval_gate, links
from graph.turn.tool_executor import ToolExecutor
from migrations.runner import migrate, read_migrations
from nodes import reason
from nodes.redact import Redact
from tests.audit.borrowings import SIZE, borrow_often
from tests.audit.canary import Canaries, found_in
from tests.graph.adapters.crypto import test_cipher
from tests.graph.adapters.postgres.privacy import test_vault
from tests.graph.adapters.postgres.runs import test_checkpointer, test_run_store
from tests.graph.ports import vault_contract
from tests.graph.redaction.links import test_link_sanitizer
from tests.graph.redaction.unmasking import test_unmask
from tests.graph.turn import test_approval_gate, test_links
from tests.migrations import test_runner as catalogue
from tests.nodes import test_call_tools, test_reason, test_redact, test_values_after_a_call
from tests.service import test_chat, test_defused, test_isolation
from tests.support.database import PASSWORD, build_run_store
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

Check = Callable[[], object]


@dataclass(frozen=True)
class DatabaseUrls:
    """A database of one test alone, as its administrator and as the server reach it."""

    admin: str
    server: str

    def change(self, statements: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statements.encode())

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.admin, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def whole(cluster: EmbeddedPostgres, admin_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody uses, of which others are made."""
    name = f"whole_{uuid.uuid4().hex}"
    cluster.create_database(name)
    asyncio.run(migrate(cluster.admin_url(name), read_migrations()))
    yield name
    drop(admin_url, name)


@pytest.fixture
def copy(cluster: EmbeddedPostgres, admin_url: str, whole: str) -> Iterator[DatabaseUrls]:
    name = f"copy_{uuid.uuid4().hex}"
    cluster.create_database(name, template=whole)
    yield DatabaseUrls(cluster.admin_url(name), cluster.url("chat_server", PASSWORD, name))
    drop(admin_url, name)


def drop(admin_url: str, name: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def assert_red(check: Check, error: type[BaseException] = AssertionError) -> None:
    """A check that passed before fails now: what it asserts does not hold, or what it expects is not raised."""
    with pytest.raises((error, pytest.fail.Exception)):
        check()


# The database ---------------------------------------------------------------------------------------------------------

FORCED = catalogue.test_every_table_forces_row_level_security_and_has_a_policy
OURS = catalogue.test_every_policy_is_for_the_servers_role
DEFINERS = catalogue.test_functions_with_their_owners_rights_are_few_and_hand_out_ids_only
SEEN_BY_FINDERS = catalogue.test_the_finders_role_sees_ids_owners_states_and_times_and_which_key_sealed_only
LISTED = catalogue.test_every_table_belongs_to_users_or_is_listed_as_shared
VIEWS = catalogue.test_no_view_goes_around_the_policies
NOT_OWNER = catalogue.test_the_servers_role_owns_nothing
PATHS = catalogue.test_our_functions_fix_their_search_path

IN_THE_CATALOGUE: dict[str, tuple[Callable[[str], None], str]] = {
    "a policy is dropped": (FORCED, "drop policy own on chat_messages"),
    "row level security is not forced on its owner": (FORCED, "alter table pii_vault no force row level security"),
    "row level security is off on one of LangGraph's tables": (
        FORCED,
        "alter table checkpoint_writes disable row level security",
    ),
    "a new table has no policy": (FORCED, "create table planted (user_id uuid, text text)"),
    "a new table belongs to nobody": (LISTED, "create table planted (text text)"),
    "a policy lets another role in": (OURS, "create policy planted on chat_messages for select to anon using (true)"),
    "a function hands out messages with its owner's rights": (
        DEFINERS,
        "create function planted() returns setof text language sql security definer set search_path = '' "
        "as 'select content from public.chat_messages'",
    ),
    "a function takes its names from the caller's path": (
        PATHS,
        "create function planted() returns bigint language sql as 'select count(*) from chat_messages'",
    ),
    "the finders' role sees messages": (SEEN_BY_FINDERS, "grant select (content) on chat_messages to chat_dispatcher"),
    "a view goes around the policies": (VIEWS, "create view planted as select * from chat_messages"),
    "the server's role owns a table": (NOT_OWNER, "alter table chat_messages owner to chat_server"),
}


@pytest.mark.parametrize("fault", IN_THE_CATALOGUE)
def test_a_fault_in_the_catalogue_is_noticed(fault: str, copy: DatabaseUrls) -> None:
    check, mutation = IN_THE_CATALOGUE[fault]
    check(copy.admin)
    copy.change(mutation)
    assert_red(lambda: check(copy.admin))


def test_a_privilege_of_a_platforms_role_is_noticed(copy: DatabaseUrls) -> None:
    def check() -> None:
        catalogue.test_the_platforms_roles_have_no_privilege_on_any_table(copy.admin, "anon")

    check()
    copy.change("grant select on chat_messages to anon")
    assert_red(check)


def test_a_policy_that_lets_all_rows_through_is_noticed(copy: DatabaseUrls) -> None:
    def check() -> None:
        catalogue.test_without_a_caller_no_row_of_a_user_is_seen(copy.admin, copy.server, None)

    check()
    copy.change("alter policy own on chat_messages using (true)")
    assert_red(check)


def test_a_policy_that_lets_rows_be_given_away_is_noticed(copy: DatabaseUrls) -> None:
    def check() -> None:
        catalogue.test_a_row_cannot_be_given_to_somebody_else(copy.server)

    check()
    copy.change("alter policy own on user_memory_facts with check (true)")
    assert_red(check)


# What works on the database -------------------------------------------------------------------------------------------


@asynccontextmanager
async def using(copy: DatabaseUrls) -> AsyncIterator[Database]:
    async with Database.open(copy.server, size=SIZE) as database:
        yield database


def on(copy: DatabaseUrls, check: Callable[[Database], Awaitable[object]]) -> Check:
    """A check of something that works on this database."""

    async def run() -> None:
        async with using(copy) as database:
            await check(database)

    return lambda: asyncio.run(run())


def test_claims_that_are_set_for_the_session_are_noticed(copy: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    async def borrowings(database: Database) -> None:
        # A busy machine cuts every borrower short of its claims if they have no more time than in the audit.
        assert (await borrow_often(database, 30, max_seconds=0.5))["left over"] == 0

    check = on(copy, borrowings)
    check()
    plain = transactions.BEGIN_SETTINGS.replace(b"%s, true)", b"%s, false)")
    assert plain != transactions.BEGIN_SETTINGS
    monkeypatch.setattr(transactions, "BEGIN_SETTINGS", plain)
    assert_red(check)


def test_a_checkpoint_table_that_does_not_know_its_owner_is_noticed(copy: DatabaseUrls) -> None:
    owners = str(uuid.uuid4()), str(uuid.uuid4())
    check = on(copy, lambda database: test_checkpointer.test_a_thread_of_another_user_is_empty(database, *owners))
    check()
    copy.change("alter table checkpoint_blobs alter column user_id drop default")
    assert_red(check, psycopg.errors.InsufficientPrivilege)


VAULT = vault_contract.VaultContract


def test_a_where_that_is_gone_is_caught_by_the_policy_and_both_gone_are_noticed(
    copy: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even then the value does not open: it is sealed for its owner."""

    def check_with(database: Database) -> Awaitable[None]:
        return VAULT().test_a_token_of_another_owner_opens_to_nothing(PostgresVault(database, VaultCipher(b"k" * 32)))

    check = on(copy, check_with)
    check()
    open_anybodys = vault_module.QUERIES["values_of_tokens"].replace(b"user_id = auth.uid() and ", b"")
    assert open_anybodys != vault_module.QUERIES["values_of_tokens"]
    monkeypatch.setattr(vault_module, "QUERIES", {**vault_module.QUERIES, "values_of_tokens": open_anybodys})
    check()
    copy.change("alter policy own on pii_vault using (true)")
    assert_red(check, ConfigurationError)


def test_values_that_are_sealed_for_nobody_in_particular_are_noticed(
    copy: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_with(database: Database) -> Awaitable[None]:
        vault = PostgresVault(database, VaultCipher(b"k" * 32))
        return test_vault.TestPostgresVault().test_a_ciphertext_moved_to_another_token_does_not_decrypt(
            vault, copy.rows
        )

    check = on(copy, check_with)
    check()
    encrypt, decrypt = VaultCipher.encrypt, VaultCipher.decrypt
    monkeypatch.setattr(VaultCipher, "encrypt", lambda self, plain, context: encrypt(self, plain, ""))
    monkeypatch.setattr(VaultCipher, "decrypt", lambda self, sealed, context: decrypt(self, sealed, ""))
    assert_red(check)
    assert_red(lambda: test_cipher.test_it_does_not_open_for_another_context("other"))


def test_an_input_that_is_stored_as_it_is_is_noticed(copy: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    employee(copy)

    def check_with(database: Database) -> Awaitable[None]:
        return test_run_store.test_the_text_is_stored_encrypted_and_for_this_run_only(
            store_on(database), str(uuid.uuid4()), VaultCipher(b"k" * 32), copy.rows
        )

    check = on(copy, check_with)
    check()
    monkeypatch.setattr(VaultCipher, "encrypt", lambda self, plain, context: plain)
    assert_red(check)


# The check breaks off before it awaits all that it was going to try.
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_fence_that_lets_everybody_through_is_noticed(copy: DatabaseUrls) -> None:
    """A late worker's events are stored then; its end is refused all the same, by the statement that ends a run."""
    employee(copy)

    def check_with(database: Database) -> Awaitable[None]:
        backend = test_run_store.PostgresBackend(database, store_on(database), copy.rows)
        contract = test_run_store.TestPostgresRunStore()
        return contract.test_a_process_that_lost_the_lease_writes_nothing_more(backend, str(uuid.uuid4()))

    check = on(copy, check_with)
    check()
    [held] = copy.rows("select pg_get_functiondef('fence_run'::regproc) as text")
    copy.change(held["text"].replace("if not found then", "if false then"))
    assert_red(check)


def employee(copy: DatabaseUrls) -> None:
    copy.change(
        "insert into employee_profiles (slug, title, name, emoji, system_prompt, model, temperature, max_tokens, version) "
        "values ('prime-boss', 't', 'n', 'e', 'p', 'small', 0, 100, '1')"
    )


def store_on(database: Database, lease_seconds: float = 60.0) -> PostgresRunStore:
    return build_run_store(database, VaultCipher(b"k" * 32), lease_seconds=lease_seconds)


# Tokens and masking ---------------------------------------------------------------------------------------------------


def test_a_vault_that_does_not_ask_whose_a_token_is_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(VAULT().test_a_token_of_another_owner_opens_to_nothing(InMemoryVault()))

    async def open_anybodys(self: InMemoryVault, user_id: str, tokens: set[str]) -> dict[str, str]:
        return {token: text for (_, token), text in self._texts.items() if token in tokens}

    check()
    monkeypatch.setattr(InMemoryVault, "detokenize", open_anybodys)
    assert_red(check)


@pytest.mark.parametrize(
    ("widened", "accepted"),
    [
        (r"([A-Za-z]+)_([A-Za-z0-9]{6})", "card_7k3q9d"),
        (r"\[([A-Z]+)[ _-]([A-Z0-9]{6})\]", "[CARD 7K3Q9D]"),
        (r"\[([A-Z]+)_([A-Z0-9]{4,6})\]", "[CARD_7K3Q9]"),
    ],
)
def test_a_token_form_that_is_widened_is_noticed(widened: str, accepted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        test_unmask.test_what_was_not_issued_stays_text(accepted)

    check()
    monkeypatch.setattr(unmask, "_TOKEN", re.compile(widened))
    monkeypatch.setattr(unmask, "_issued", lambda match: test_unmask.CARD)
    assert_red(check)


def test_stored_text_that_was_never_masked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_redact.test_the_typed_text_becomes_the_masked_question())

    async def as_it_is(self: Redact, state: Any, runtime: Any) -> Any:
        return {"question": runtime.context.text, "messages": [], "message": runtime.context.text}

    check()
    monkeypatch.setattr(Redact, "__call__", as_it_is)
    assert_red(check)


def test_a_tools_result_that_is_not_masked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_call_tools.test_all_text_of_a_result_is_masked_but_what_the_tool_exempts())

    async def as_it_is(self: ToolExecutor, result: Any, each: Any, user_id: str) -> Any:
        return result

    check()
    monkeypatch.setattr(ToolExecutor, "_masked", as_it_is)
    assert_red(check)


def test_a_value_that_comes_back_after_a_call_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_values_after_a_call.test_a_value_does_not_come_back("account", "repeat"))

    check()
    monkeypatch.setattr(KnownValues, "detect", lambda self, text: [])
    assert_red(check)


def test_a_value_that_is_put_into_an_address_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        test_unmask.test_a_token_inside_an_address_is_not_restored(f"https://{test_unmask.EVIL}")

    check()
    monkeypatch.setattr(unmask, "is_inside_url", lambda text, start, end: False)
    assert_red(check)


def test_an_address_in_an_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        test_links.test_no_event_shows_an_address_of_the_model_even_if_a_tool_repeated_it()

    check()
    monkeypatch.setattr(
        links, "user_texts", lambda messages, facts=(): [str(each.text) for each in messages] + [test_links.LURE]
    )
    assert_red(check)


def test_an_address_in_an_argument_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_reason.test_the_arguments_name_and_id_of_a_call_hold_no_address_of_the_models_own())

    check()
    monkeypatch.setattr(reason, "with_safe_calls", lambda reply, messages, passages: reply)
    assert_red(check)


def test_trust_that_outlasts_what_others_wrote_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_approval_gate.test_after_a_result_that_quotes_others_it_is_and_the_reason_names_the_tool())

    check()
    monkeypatch.setattr(approval_gate, "taint_sources", lambda state, toolbox: [])
    assert_red(check)


def test_trust_that_forgets_the_turn_before_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_approval_gate.test_what_an_earlier_turn_read_counts_as_well())

    check()
    monkeypatch.setattr(ApprovalState, "__init__", forgetful(ApprovalState.__init__))
    assert_red(check)


def forgetful(made: Callable[..., None]) -> Callable[..., None]:
    """Makes `ApprovalState` without what earlier turns read."""
    return lambda self, calls, trusted, untrusted_sources=(): made(self, calls, trusted)


def test_a_search_that_takes_each_spelling_for_another_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    detect = importlib.import_module("graph.redaction.detection.detect")

    def check() -> None:
        assert [each.entity_type for each in detect.detect("mail j\u200bane@exam\u200bple.com")] == ["EMAIL"]

    check()
    monkeypatch.setattr(decode, "normalise", normalise.NormalizedText)
    assert_red(check)


def test_a_link_sanitizer_that_is_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_reason.test_an_address_that_nobody_gave_is_neither_shown_nor_kept())

    def check_all() -> None:
        test_link_sanitizer.test_no_address_gets_out_that_was_not_given(test_link_sanitizer.MARKDOWN[0])

    check()
    check_all()
    monkeypatch.setattr(LinkSanitizer, "push", lambda self, chunk: chunk)
    assert_red(check)
    assert_red(check_all)


def test_tokens_that_are_cut_in_the_stream_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        asyncio.run(test_reason.test_no_token_is_cut_wherever_the_model_cuts_it(3))

    check()
    monkeypatch.setattr(StreamBuffer, "push", lambda self, chunk: chunk)
    assert_red(check)


# The whole service ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server with the faults of `tests.audit.leaky_server`."""
    data = tmp_path_factory.mktemp("leaking") / "data"
    environment = {"OPENAI_BASE_URL": scripted_model.address, "RATE_LIMIT_PER_MINUTE": "1000"}
    with running(data, environment, ["tests.audit.leaky_server"]) as started:
        yield started


@pytest.fixture(scope="module")
def scripted_model() -> Iterator[ScriptedModel]:
    with ScriptedModel().serving() as model:
        yield model


@contextmanager
def furnished(server: Server) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """What the checks of isolation need."""
    with server.client() as one, server.client() as two:
        documentation = one.get("/openapi.json").json()
        yield documentation, test_isolation.furnish(one, server), test_isolation.furnish(two, server)


def test_text_in_the_log_is_noticed(leaking: Server, tmp_path: Path) -> None:
    canary = Canaries().new()
    with leaking.client() as user:
        user.ask(canary.text)
    assert found_in(leaking.data, canary.values(), tmp_path)


def test_an_answer_that_may_be_kept_is_noticed(leaking: Server) -> None:
    with leaking.client() as user:
        assert_red(lambda: test_chat.test_a_stream_is_an_event_stream_that_nobody_may_store_or_buffer(user))


def test_a_404_that_tells_foreign_from_unknown_is_noticed(leaking: Server) -> None:
    with furnished(leaking) as (documentation, user_id, other):
        assert_red(
            lambda: test_isolation.test_a_foreign_id_answers_as_one_that_does_not_exist(documentation, user_id, other)
        )


def test_an_address_that_gets_out_is_noticed(leaking: Server) -> None:
    with leaking.client() as user:
        assert_red(lambda: test_defused.test_an_address_that_nobody_gave_is_removed_everywhere(leaking, user))
