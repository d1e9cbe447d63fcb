"""Peers of DIMSE on loopback: DCMTK's programs, and our own commands as processes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.conftest import DEADLINE_S, Lines, until

COMMAND = [sys.executable, "-c", "from filmless.cli import main; main()"]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def _running(*command: object, port: int) -> Iterator[None]:
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _is_open(port), f"{command[0]} listens")
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


@contextmanager
def storescp(peer: Callable[[str], str], folder: Path, *options: object, port: int | None = None) -> Iterator[str]:
    """DCMTK's storage SCP over a folder, at a free port or the one that is given; gives its address."""
    folder.mkdir()
    port = port or free_port()
    with _running(peer("storescp"), "-od", folder, *options, port, port=port):
        yield f"STORESCP@127.0.0.1:{port}"


@contextmanager
def dcmqrscp(peer: Callable[[str], str], folder: Path, *options: object, move_port: int = 0) -> Iterator[str]:
    """DCMTK's archive over an empty folder; gives its address. It knows the AE title MOVER, at a port."""
    (folder / "db").mkdir(parents=True)
    port = free_port()
    (folder / "config").write_text(
        "NetworkTCPPort = 104\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nmover = (MOVER, 127.0.0.1, {move_port or 1})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nDCMQRSCP {folder / 'db'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    with _running(peer("dcmqrscp"), "-c", folder / "config", *options, port, port=port):
        yield f"DCMQRSCP@127.0.0.1:{port}"


class Command:
    """A command of ours that goes on until it is stopped."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"},
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)

    def ready(self) -> str:
        """Where it is, once it says so."""
        return self.out.wait_for("ready ").removeprefix("ready ")

    def interrupt(self) -> int:
        """Send Ctrl-C, and return how it ended."""
        self.process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
        return self.end()

    def end(self) -> int:
        """Wait for its end."""
        code = self.process.wait(DEADLINE_S)
        self.out.join()
        self.err.join()
        return code


@contextmanager
def running(*arguments: object) -> Iterator[Command]:
    """Start a command of ours, and end it."""
    command = Command(*arguments)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
        command.end()
