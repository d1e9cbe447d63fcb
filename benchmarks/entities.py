"""Application entities that are measured over DIMSE: storage SCPs that run, and SCUs that are run once a turn."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .contenders import OURS, ROOT
from .servers import TITLE, free_port, running
from .session import PeerError

DCMTK, PYNETDICOM = "DCMTK", "pynetdicom"
_START_S, _TURN_S = 30, 600
_PDU = "131072"


@dataclass(frozen=True)
class Receiver:
    """A storage SCP that writes files into a folder."""

    name: str
    port: int
    process: int
    folder: Path

    def emptied(self) -> int:
        """Take away what it wrote; return how many files there were."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        for path in files:
            path.unlink()
        return len(files)


def environment(*, tuned: bool) -> dict[str, str]:
    """Return the environment of a process: DCMTK sends without a delay where it is tuned, else as it comes."""
    plain = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    return plain | {"TCP_NODELAY": "1"} if tuned else plain


def dcmtk(name: str) -> str:
    """Find a program of DCMTK: pynetdicom brings some of the same names."""
    ours = Path(sys.executable).parent
    elsewhere = [each for each in os.environ.get("PATH", "").split(os.pathsep) if Path(each) != ours]
    path = shutil.which(name, path=os.pathsep.join(elsewhere))
    if path is None:
        raise PeerError(f"DCMTK's {name} is not installed")
    return path


@contextmanager
def listen(folder: Path) -> Iterator[Receiver]:
    """Start `filmless listen`."""
    command = [sys.executable, "-c", "from filmless.cli import main; main()", "listen", str(folder), "--port", "0"]
    with running([*command, "--ae-title", TITLE], folder.with_name("log"), environment(tuned=False)) as process:
        yield Receiver(OURS, _port_of(process), process.pid, folder)


@contextmanager
def storescp(folder: Path, *, tuned: bool = True) -> Iterator[Receiver]:
    """Start DCMTK's storescp."""
    port = free_port()
    command = [dcmtk("storescp"), "-aet", TITLE, "-od", str(folder), *(["-pdu", _PDU] if tuned else []), str(port)]
    with running(command, folder.with_name("log"), environment(tuned=tuned)) as process:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise PeerError("storescp did not start") from None
                time.sleep(0.05)
        yield Receiver(DCMTK, port, process.pid, folder)


@contextmanager
def pynetdicom(folder: Path) -> Iterator[Receiver]:
    """Start an SCP that is written with pynetdicom."""
    command = [sys.executable, "-m", "benchmarks.python.receive_with_pynetdicom", str(folder), TITLE]
    with running(command, folder.with_name("log"), environment(tuned=False)) as process:
        yield Receiver(PYNETDICOM, _port_of(process), process.pid, folder)


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"ready .*@.*:(\d+)", line):
            return int(found[1])
    raise PeerError("did not start")


def dcmsend(port: int, folders: Sequence[Path], *, tuned: bool = True) -> float:
    """Send folders of files with DCMTK's dcmsend, each over an association of its own; return how long it took."""
    options = ["-pdu", _PDU] if tuned else []
    commands = [
        [dcmtk("dcmsend"), "-aec", TITLE, *options, "127.0.0.1", str(port), "+sd", str(folder)] for folder in folders
    ]
    start = time.perf_counter()
    processes = [
        subprocess.Popen(command, env=environment(tuned=tuned), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    try:
        codes = [process.wait(_TURN_S) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    elapsed = time.perf_counter() - start
    if any(codes):
        raise PeerError(f"dcmsend ended with code {max(codes)}")
    return elapsed


def sent_with(module: str, port: int, *arguments: object) -> list[float]:
    """Run an SCU that is written in Python once, and return the numbers that it says: how long its work took, first."""
    command = [sys.executable, "-m", f"benchmarks.python.{module}", TITLE, str(port), *map(str, arguments)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(tuned=False), capture_output=True, text=True, check=True, timeout=_TURN_S
        )
    except subprocess.CalledProcessError as error:
        raise PeerError((error.stderr.strip().splitlines() or ["failed"])[-1][:100]) from None
    except subprocess.TimeoutExpired:
        raise PeerError(f"no end in {_TURN_S} s") from None
    return [float(word) for word in done.stdout.split()]
