"""The command line: `python -m graph run | token | url | migrate | seed | rotate-key`.

Each worker process imports this module again, so every command imports its own dependencies.
"""

import argparse
import asyncio
import sys
from uuid import UUID

from graph.errors import ChatError, ConfigurationError, safe_summary
from graph.settings import Settings, read_settings


def run(settings: Settings, _: str | None) -> None:
    """Start everything and serve until a signal arrives."""
    from server import main

    main(settings)


def token(settings: Settings, subject: str | None) -> None:
    """Print a bearer token of the local issuer, for the demo user or another."""
    from graph.adapters.auth.local_issuer import LocalIssuer
    from migrations.demo.generate import DEMO_USER

    if settings.supabase_url:
        raise ConfigurationError("Supabase issues the tokens where SUPABASE_URL is set: sign in there.")
    print(LocalIssuer(settings.data_dir / "issuer.pem").sign(parse_user_id(subject) if subject else DEMO_USER))


def parse_user_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ConfigurationError("SUBJECT must be a UUID.") from None


def url(settings: Settings, _: str | None) -> None:
    """Print the administrator's address of the database, for psql and pg_dump."""
    from graph.adapters.postgres.provisioning import administrator_url

    print(administrator_url(settings))


def migrate(settings: Settings, _: str | None) -> None:
    """Apply the missing migrations."""
    from graph.adapters.postgres.provisioning import migrate_database

    asyncio.run(migrate_database(settings, print_progress))


def seed(settings: Settings, _: str | None) -> None:
    """Give the demo user a year of transactions."""
    from graph.wiring.maintenance import seed_database

    asyncio.run(seed_database(settings, print_progress))


def rotate_key(settings: Settings, _: str | None) -> None:
    """Encrypt all stored values with the current key, and print the progress."""
    from graph.wiring.maintenance import rotate_keys

    asyncio.run(rotate_keys(settings, print_progress))


def print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


COMMANDS = {
    "run": run,
    "token": token,
    "url": url,
    "migrate": migrate,
    "seed": seed,
    "rotate-key": rotate_key,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m graph", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("subject", nargs="?", help="with token: the user's id (a UUID); the demo user by default")
    options = parser.parse_args()
    try:
        COMMANDS[options.command](read_settings(), options.subject)
    except ChatError as error:
        sys.exit(f"{options.command}: {error.message}")
    except Exception as error:  # noqa: BLE001 - a traceback would quote values
        sys.exit(f"{options.command}: ended by {safe_summary(error)}")


if __name__ == "__main__":
    main()
