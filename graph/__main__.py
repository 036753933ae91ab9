"""The command line: `python -m graph run | chat | token | url | migrate | seed | rotate-key`.

Each worker process imports this module again, so every command imports its own dependencies.
"""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from uuid import UUID

from graph.errors import ChatError, ConfigurationError, safe_summary
from graph.settings import Settings, read_settings


def run(settings: Settings, _: Namespace) -> None:
    """Start everything and serve until a signal arrives."""
    from server import main

    main(settings)


def chat(settings: Settings, options: Namespace) -> None:
    """Chat in the terminal, with the running service or one that is started for it."""
    from graph.terminal.chat import ChatOptions, run_chat

    chosen = ChatOptions(" ".join(options.question), options.url, options.token, options.employee)
    sys.exit(run_chat(settings, chosen, lambda: issue_token(settings, None)))


def token(settings: Settings, options: Namespace) -> None:
    """Print a bearer token of the local issuer, for the demo user or another."""
    print(issue_token(settings, options.subject))


def issue_token(settings: Settings, subject: str | None) -> str:
    """A token of the local issuer, for the demo user or another.

    Raises:
        ConfigurationError: Supabase issues the tokens, or the subject is not a UUID.
    """
    from graph.adapters.auth.local_issuer import LocalIssuer
    from migrations.demo.generate import DEMO_USER

    if settings.supabase_url:
        raise ConfigurationError(
            "Supabase issues the tokens where SUPABASE_URL is set: sign in there. `make chat` takes such a token as CHAT_TOKEN."
        )
    return LocalIssuer(settings.data_dir / "issuer.pem").sign(parse_user_id(subject) if subject else DEMO_USER)


def parse_user_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ConfigurationError("SUBJECT must be a UUID.") from None


def url(settings: Settings, _: Namespace) -> None:
    """Print the administrator's address of the database, for psql and pg_dump."""
    from graph.adapters.postgres.provisioning import administrator_url

    print(administrator_url(settings))


def migrate(settings: Settings, _: Namespace) -> None:
    """Apply the missing migrations."""
    from graph.adapters.postgres.provisioning import migrate_database

    asyncio.run(migrate_database(settings, print_progress))


def seed(settings: Settings, _: Namespace) -> None:
    """Give the demo user a year of transactions."""
    from graph.wiring.maintenance import seed_database

    asyncio.run(seed_database(settings, print_progress))


def rotate_key(settings: Settings, _: Namespace) -> None:
    """Encrypt all stored values with the current key, and print the progress."""
    from graph.wiring.maintenance import rotate_keys

    asyncio.run(rotate_keys(settings, print_progress))


def print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[Settings, Namespace], None]] = {
    "run": run,
    "chat": chat,
    "token": token,
    "url": url,
    "migrate": migrate,
    "seed": seed,
    "rotate-key": rotate_key,
}


def read_arguments() -> Namespace:
    """The command line, in which each command has its own arguments."""
    parser = ArgumentParser(prog="python -m graph")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {name: commands.add_parser(name, help=command.__doc__) for name, command in COMMANDS.items()}
    parsers["token"].add_argument("subject", nargs="?", help="the user's id (a UUID); the demo user by default")
    add_chat_arguments(parsers["chat"])
    return parser.parse_args()


def add_chat_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("question", nargs="*", help="ask only this, then end; without it a conversation begins")
    parser.add_argument("--url", default="", help="the address of a running service; HOST and PORT by default")
    parser.add_argument(
        "--token", default="", help="a bearer token; other users see it in the list of processes, unlike CHAT_TOKEN"
    )
    parser.add_argument("--as", default="", dest="employee", metavar="EMPLOYEE", help="the employee who answers first")


def main() -> None:
    options = read_arguments()
    try:
        COMMANDS[options.command](read_settings(), options)
    except ChatError as error:
        sys.exit(f"{options.command}: {error.message}")
    except Exception as error:  # noqa: BLE001 - a traceback would quote values
        sys.exit(f"{options.command}: ended by {safe_summary(error)}")


if __name__ == "__main__":
    main()
