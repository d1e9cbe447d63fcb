"""The real command, started as a program and waited for by its own words."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from filmless.file import encode, read

DEADLINE_S = 30
COMMAND = [sys.executable, "-c", "from filmless.cli import main; main()", "serve"]


def until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S):
    """Ask again and again until something is so; what it is then."""
    end = time.monotonic() + deadline_s
    waiting = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        waiting.wait(0.02)
    return found


class Lines:
    """The lines of a pipe, as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self.all: list[str] = []
        self._new: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(stream,))
        self._thread.start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.all.append(line.rstrip("\n"))
                self._new.put(self.all[-1])
        self._new.put(None)

    def wait_for(self, beginning: str) -> str:
        """The next line that has this in it; fails when the program ends before."""
        while True:
            line = self._new.get(timeout=DEADLINE_S)
            assert line is not None, f"ended without a line `{beginning}`: {self.all}"
            if beginning in line:
                return line

    def join(self) -> None:
        self._thread.join(DEADLINE_S)


class Started:
    """`filmless serve` as a process."""

    def __init__(self, *arguments: object, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--port", str(port), "--logs-format", "json", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"},
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.log = Lines(self.process.stdout), Lines(self.process.stderr)
        self.url = self.dimse = ""

    def ready(self) -> "Started":
        self.url = self.out.wait_for("ready ").removeprefix("ready ")
        self.client = httpx.Client(base_url=self.url, timeout=DEADLINE_S)
        if any(str(one) == "--dimse" for one in self.process.args[len(COMMAND) :]):
            self.dimse = self.out.wait_for("ready ").removeprefix("ready ")
        return self

    @property
    def dimse_port(self) -> int:
        """Where it listens for associations."""
        return int(self.dimse.rpartition(":")[2])

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.log.all]

    def end(self) -> int:
        """Ask to stop, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.wait(DEADLINE_S)
            self.out.join()
            self.log.join()
            if self.url:
                self.client.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Start the command; what is left at the end is ended."""
    all_started: list[Started] = []

    def begin(*arguments: object, **options: int) -> Started:
        all_started.append(Started(*arguments, **options))
        return all_started[-1].ready()

    yield begin
    for one in all_started:
        if one.process.poll() is None:
            one.end()


@pytest.fixture(scope="session")
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


def instance(ct: Path, number: int, *, study: int = 1, **values: object) -> bytes:
    """The CT slice under UIDs of its own."""
    ds = read(ct)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.{study}", f"1.2.{study}.1"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.{study}.1.{number}"
    for name, value in values.items():
        setattr(ds, name, value)
    return encode(ds)


def stow(client: httpx.Client, *files: bytes) -> httpx.Response:
    """Store instances, the plain way."""
    body = b"".join(b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files) + b"--x--\r\n"
    head = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=x',
        "Accept": "application/dicom+json",
    }
    return client.post("/dicom-web/studies", content=body, headers=head)


def uids(client: httpx.Client, study: int = 1) -> set[str]:
    """The SOP Instance UIDs of a study that a client finds; empty when there is no such study."""
    found = client.get(f"/dicom-web/studies/1.2.{study}/metadata", headers={"Accept": "application/dicom+json"})
    return {one["00080018"]["Value"][0] for one in found.json()} if found.status_code == 200 else set()
