"""The servers that are measured, each started on a folder of the disk with its defaults, and ended afterwards."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .connection import Connection
from .contenders import OURS, ROOT
from .session import PeerError

ORTHANC, TITLE = "Orthanc", "BENCH"
_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
_START_S = 60


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: int
    folder: Path
    dimse_port: int

    @property
    def connection(self) -> Connection:
        """A new connection to it."""
        return Connection(self.port)

    def resident(self, what: str = "VmRSS") -> int:
        """Bytes of memory that it holds now, or held at most (``VmHWM``)."""
        return resident(self.process, what)


def resident(process: int, what: str = "VmRSS") -> int:
    """Bytes of memory that a process holds now, or held at most (``VmHWM``)."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def forget_peak(process: int) -> None:
    """Have the system note anew how much memory a process holds at most."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


@contextmanager
def servers(folder: Path, *, only_ours: bool = False) -> Iterator[list[Server]]:
    """Start filmless, and Orthanc where it is installed."""
    with ExitStack() as stack:
        started = [stack.enter_context(only_filmless(folder / "filmless"))]
        if not only_ours and (program := shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")):
            started.append(stack.enter_context(_orthanc(program, folder / "orthanc")))
        yield started


@contextmanager
def only_filmless(folder: Path, *options: str) -> Iterator[Server]:
    """Start filmless on a folder, with further options."""
    command = [sys.executable, "-c", "from filmless.cli import main; main()", "serve", "--data", str(folder)]
    with running([*command, "--port", "0", "--dimse", "0", "--ae-title", TITLE, *options], folder) as process:
        assert process.stdout is not None
        ports: dict[str, int] = {}
        for line in process.stdout:
            if found := re.search(r"ready (http://|.*@)127\.0\.0\.1:(\d+)", line):
                ports[found[1][-1]] = int(found[2])
            if len(ports) == 2:
                break
        else:
            raise PeerError("filmless did not start")
        yield Server(OURS, ports["/"], process.pid, folder, ports["@"])


@contextmanager
def _orthanc(program: str, folder: Path) -> Iterator[Server]:
    port, dimse_port = free_port(), free_port()
    configuration = {
        "HttpPort": port,
        "DicomServerEnabled": True,
        "DicomAet": TITLE,
        "DicomPort": dimse_port,
        "DicomAlwaysAllowFind": True,
        "MaximumPduLength": 131_072,
        "StorageDirectory": str(folder / "files"),
        "IndexDirectory": str(folder / "files"),
        "KeepAlive": True,
        "AuthenticationEnabled": False,
        "Plugins": [_PLUGIN],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    folder.mkdir(parents=True)
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    # What it stands on, DCMTK, delays small packets without this.
    with running([program, str(path)], folder, os.environ | {"TCP_NODELAY": "1"}) as process:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                with Connection(port) as connection:
                    connection.request("GET", "/dicom-web/studies?limit=1", {"Accept": "application/dicom+json"})
                break
            except (OSError, PeerError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise PeerError("Orthanc did not start") from None
                time.sleep(0.1)
        yield Server(ORTHANC, port, process.pid, folder, dimse_port)


def free_port() -> int:
    """Return a port of loopback that nobody listens at, for programs that cannot say which one they took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a program as long as ``with`` lasts; what it says of errors goes into a file beside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
