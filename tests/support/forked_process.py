"""Processes that are forked from one that has already imported the service, which takes two thirds of the CPU of a start."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import DupFd
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, Any

PRELOADED = ["server", "graph.__main__", "graph.wiring.maintenance", "graph.replay.play", "graph.replay.record"]


def context() -> ForkServerContext:
    """One fork server for all processes of this worker; it starts with the first."""
    chosen = multiprocessing.get_context("forkserver")
    chosen.set_forkserver_preload(PRELOADED)
    return chosen


class ForkedProcess:
    """Runs a module as `python -m` does, with the part of the interface of `subprocess.Popen` that the tests use."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: IO[str]) -> None:
        """Start the process.

        Args:
            command: the module and its arguments.
            folder: its working directory.
            environment: its whole environment.
            stderr: the file that receives its standard error.
        """
        reading, writing = os.pipe()
        streams = DupFd(writing), DupFd(stderr.fileno())
        self._process = context().Process(target=run_module, args=(command, folder, dict(environment), *streams))
        self._process.start()
        os.close(writing)
        self.stdout = os.fdopen(reading, encoding="utf-8")

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: the process has not ended in time.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_module(command: Sequence[str], folder: Path, environment: Mapping[str, str], stdout: Any, stderr: Any) -> None:
    """Become `python -m` with this command: its streams, environment, directory, arguments and main module."""
    for descriptor, duplicate in ((1, stdout), (2, stderr)):
        own = duplicate.detach()
        os.dup2(own, descriptor)
        os.close(own)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def run_forked(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a module to its end, as `subprocess.run` does with captured output; after `timeout` seconds it is killed."""
    with TemporaryFile("w+", encoding="utf-8") as stderr:
        process = ForkedProcess(command, folder, environment, stderr)
        timer = Timer(timeout, process.kill)
        timer.start()
        with process.stdout:
            output = process.stdout.read()
        code = process.wait()
        timer.cancel()
        stderr.seek(0)
        return subprocess.CompletedProcess(command, code, output, stderr.read())
