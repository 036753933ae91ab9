"""Commands: `python -m graph.replay record ID` writes turns as files, `python -m graph.replay run FILE…` plays them."""

import argparse
import asyncio
import sys
import textwrap
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.provisioning import open_database
from graph.adapters.telemetry.logging import configure_logs
from graph.errors import ChatError, ConfigurationError, NotFound
from graph.replay.check import format_differences
from graph.replay.compare import Difference, differences
from graph.replay.play import Checkout, current_checkout, play
from graph.replay.record import record
from graph.replay.recording import Recording
from graph.replay.side_by_side import side_by_side
from graph.settings import Settings, read_settings


def main() -> int:
    options = read_options()
    settings = read_settings()
    configure_logs("error")
    checkout = current_checkout(settings.data_dir)
    if options.command == "record":
        return asyncio.run(write_recordings(options.id, options.to, settings, checkout))
    if options.live:
        return asyncio.run(compare_live(options.files, settings, checkout))
    return run(options.files, checkout, accept=options.accept)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m graph.replay", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="write one turn, or all turns of a session, as files")
    recording.add_argument("id", type=UUID, help="of a run or a session")
    recording.add_argument("--to", type=Path, default=Path("recordings"), help="folder (default: recordings)")
    running = commands.add_parser("run", help="play recorded turns and say what differs; exit code 1 if anything does")
    running.add_argument("files", type=Path, nargs="+", metavar="FILE", help="recordings, or folders of them")
    choice = running.add_mutually_exclusive_group()
    choice.add_argument("--accept", action="store_true", help="what differs is right: write it into the recording")
    choice.add_argument("--live", action="store_true", help="ask the configured model, and show both answers")
    return parser.parse_args()


async def write_recordings(run_or_session: UUID, folder: Path, settings: Settings, checkout: Checkout) -> int:
    """Record, and play each recording once: that gives what the model was asked, and shows whether today's code does the
    same as the code that answered then.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(open_database(settings, print_progress))
        database = await stack.enter_async_context(Database.open(addresses.server, size=1))
        try:
            recordings = await record(database, str(run_or_session), settings.default_token_budget)
        except NotFound:
            raise ConfigurationError(f"There is no run or session {run_or_session} that has ended.") from None
    digits = len(str(len(recordings)))
    for number, recording in enumerate(recordings, 1):
        replayed = await play(recording, checkout)
        recording.outcome.requests = replayed.outcome.requests
        file = folder / f"{str(run_or_session)[:8]}-{number:0{digits}}.json"
        recording.write(file)
        print(f"{file}: {recording.outcome.status}, {' → '.join(recording.outcome.path)}")
        if found := differences(recording.outcome, replayed):
            print("Played with the code of today:", indent(found), sep="\n")
    return 0


def run(files: list[Path], checkout: Checkout, *, accept: bool) -> int:
    """Play recordings; return the exit code."""
    differing = 0
    paths = recording_files(files)
    for file in paths:
        recording = Recording.read(file)
        began = time.perf_counter()
        replayed = asyncio.run(play(recording, checkout))
        ms = round((time.perf_counter() - began) * 1000)
        found = differences(recording.outcome, replayed)
        differing += bool(found)
        print(f"{'DIFFERS' if found else 'as recorded'}  {file}  ({ms} ms)")
        if found:
            print(indent(found))
        if accept and found:
            recording.outcome = replayed.outcome
            recording.write(file)
    print(f"{len(paths) - differing} as recorded, {differing} {'accepted' if accept else 'differ'}")
    return 0 if accept or not differing else 1


async def compare_live(files: list[Path], settings: Settings, checkout: Checkout) -> int:
    """Have the configured model answer recorded turns, and show its answers beside the recorded ones."""
    from graph.wiring.models import build_chat_model

    model = build_chat_model(settings)
    for file in recording_files(files):
        recording = Recording.read(file)
        replayed = await play(recording, checkout, model)
        print(f"{file}: {recording.question}\n")
        print(side_by_side(recording.outcome, replayed.outcome))
    return 0


def recording_files(files: list[Path]) -> list[Path]:
    """The files, those of a folder in the order of their names.

    Raises:
        ConfigurationError: there are none.
    """
    paths = [path for file in files for path in (sorted(file.rglob("*.json")) if file.is_dir() else [file])]
    if not paths:
        raise ConfigurationError(f"There is no recording in {', '.join(map(str, files))}.")
    return paths


def indent(found: list[Difference]) -> str:
    return textwrap.indent(format_differences(found), "    ")


def print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ChatError as error:
        sys.exit(f"replay: {error.message}")
