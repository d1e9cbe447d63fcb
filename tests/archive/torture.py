"""Kill what ingests at random points, again and again: what was acknowledged is there, and nothing else has to be done.

    python -m tests.archive.torture --target direct|served|dimse --kills 1000 [--folder DIR] [--seed N] [--size BYTES]

``direct`` kills a process that stores into an `Archive`, ``served`` a server that instances are sent to by STOW-RS,
``dimse`` one that they are sent to by C-STORE.
"""

import argparse
import asyncio
import hashlib
import http.client
import os
import queue
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from .made import instance_maker, uid_of
from .torture_dimse import Associated, listen, try_once

SENDERS = 8
TREE = Path(__file__).parents[2]

Make = Callable[..., bytes]


@dataclass
class Acknowledged:
    """What senders were told, over all rounds.

    Attributes
    ----------
    stored
        SHA-256 by number, of what was acknowledged as stored, and not deleted since.
    quarantined
        SHA-256 by number, of what was acknowledged as kept beside. It may go with an instance that is deleted.
    open
        Numbers for which a deletion was asked for and not acknowledged: they may be there or not.
    gone
        Numbers whose deletion was acknowledged.
    """

    stored: dict[int, str] = field(default_factory=dict)
    quarantined: dict[int, str] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    lines: int = 0

    def take(self, line: str) -> None:
        """Take a line of a sender: ``ack KIND NUMBER SHA256``, ``deleting NUMBER`` or ``deleted NUMBER``."""
        word, *rest = line.split()
        if word == "ack":
            kind, number, sha256 = rest
            self.lines += 1
            if kind == "quarantined":
                self.quarantined[int(number)] = sha256
            elif int(number) not in self.open | self.gone:
                assert self.stored.setdefault(int(number), sha256) == sha256
        elif word == "deleting":
            self.open.add(int(rest[0]))
            self.stored.pop(int(rest[0]), None)
            self.quarantined.pop(int(rest[0]), None)
        elif word == "deleted":
            self.open.discard(int(rest[0]))
            self.gone.add(int(rest[0]))


class Door(Protocol):
    """Where senders hand instances in."""

    deletes: bool

    def as_stored(self, data: bytes) -> bytes:
        """Return the file that there has to be of an instance."""

    def store(self, data: bytes, *, is_other: bool) -> str:
        """Store it; return what became of it."""

    def delete(self, number: int) -> None:
        """Delete an instance."""


def send(door: Door, make: Make, numbers: Iterator[int], say: Callable[[str], None]) -> None:
    """Send instances for ever: new ones, the same again, others of the same UID; delete some."""
    for number in numbers:
        data = make(number)
        sha256 = hashlib.sha256(door.as_stored(data)).hexdigest()
        say(f"ack {door.store(data, is_other=False)} {number} {sha256}")
        if number % 5 == 0:
            say(f"ack {door.store(data, is_other=False)} {number} {sha256}")
        if number % 7 == 0:
            other = make(number, variant=1)
            say(f"ack {door.store(other, is_other=True)} {number} {hashlib.sha256(door.as_stored(other)).hexdigest()}")
        if door.deletes and number % 11 == 0:
            say(f"deleting {number}")
            door.delete(number)
            say(f"deleted {number}")


class Numbers:
    """Numbers from one on, each to one thread."""

    def __init__(self, first: int) -> None:
        self._numbers, self._lock = count(first), threading.Lock()

    def __iter__(self) -> Iterator[int]:
        while True:
            with self._lock:
                number = next(self._numbers)
            yield number


class Target(Protocol):
    """How instances get in: a process that can be killed, and senders."""

    def round(self, first: int, lines: int, delay_s: float, told: Acknowledged) -> int:
        """Send instances from number ``first`` on; kill it a little after so many answers; return the next number."""

    def close(self) -> None:
        """Stop for good."""


class Forked:
    """A process that is forked, round after round, from one that has imported everything."""

    what = "direct"

    def __init__(self, folder: Path, *, size: int) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.archive.torture",
            "--forker",
            self.what,
            "--folder",
            str(folder),
            "--size",
            str(size),
        ]
        self._forker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=TREE)
        self._rest = b""

    def begin(self, first: int) -> int:
        """Fork; return the process."""
        assert self._forker.stdin
        self._forker.stdin.write(f"{first}\n".encode())
        return int(self.line().removeprefix("pid "))

    def line(self) -> str:
        """Return the next line of the process."""
        assert self._forker.stdout
        while b"\n" not in self._rest:
            data = self._forker.stdout.read(1 << 16)
            assert data, "the forking process ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        assert line != b"failed", "the process ended by itself: its error is on stderr"
        return line.decode()

    def kill(self, process: int, delay_s: float) -> None:
        """Kill it in a moment that no line marks."""
        select.select([], [], [], delay_s)
        os.kill(process, signal.SIGKILL)

    def close(self) -> None:
        """Stop for good."""
        assert self._forker.stdin
        assert self._forker.stdout
        self._forker.stdin.close()
        self._forker.wait()
        self._forker.stdout.close()


class Direct(Forked):
    """Senders and archive in one process."""

    def round(self, first: int, lines: int, delay_s: float, told: Acknowledged) -> int:
        """Read what the senders say."""
        process, seen, last = self.begin(first), 0, first
        if not lines:
            self.kill(process, delay_s)
        while (line := self.line()) != "end":
            told.take(line)
            last = max(last, number_in(line))
            seen += 1
            if seen == lines:
                self.kill(process, delay_s)
        return last + 1


class Served(Forked):
    """A server in the process, and senders here, each with a connection of its own."""

    what = "served"

    def __init__(self, folder: Path, *, size: int) -> None:
        super().__init__(folder, size=size)
        self._make = instance_maker(size=size)

    def door(self, address: str) -> Door:
        """Connect to the server."""
        return Web(address)

    def round(self, first: int, lines: int, delay_s: float, told: Acknowledged) -> int:
        """Send until it answers no more."""
        process, last = self.begin(first), first
        if lines:
            address = self.line().removeprefix("ready ")
            said: queue.SimpleQueue[str] = queue.SimpleQueue()
            numbers = Numbers(first)

            def sender() -> None:
                with suppress(OSError, http.client.HTTPException):
                    send(self.door(address), self._make, iter(numbers), said.put)

            with ThreadPoolExecutor(SENDERS) as pool:
                jobs = [pool.submit(sender) for _ in range(SENDERS)]
                for _ in range(lines):
                    if all(job.done() for job in jobs):
                        break
                    told.take(line := said.get(timeout=60))
                    last = max(last, number_in(line))
                self.kill(process, delay_s)
            for job in jobs:
                job.result()
            while not said.empty():
                told.take(line := said.get())
                last = max(last, number_in(line))
        else:
            self.kill(process, delay_s)
        while self.line() != "end":
            pass
        return last + 1


class Dimse(Served):
    """An SCP in the process, and senders here, each with an association of its own."""

    what = "dimse"

    def door(self, address: str) -> Door:
        """Open an association."""
        return Associated(address)


class Web:
    """STOW-RS and DELETE, on one connection."""

    deletes = True

    def __init__(self, address: str) -> None:
        host = address.removeprefix("http://").partition("/")[0]
        self._connection = http.client.HTTPConnection(host)

    def as_stored(self, data: bytes) -> bytes:
        """A file is stored as it comes."""
        return data

    def store(self, data: bytes, *, is_other: bool) -> str:
        """Store one instance."""
        kind = 'multipart/related; type="application/dicom"; boundary=torture'
        body = b"--torture\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--torture--\r\n"
        self._ask("POST", "/dicom-web/studies", 200, body, {"Content-Type": kind, "Accept": "application/dicom+json"})
        return "quarantined" if is_other else "stored"

    def delete(self, number: int) -> None:
        """Delete an instance."""
        study, series, instance = (uid_of(0, level=1), uid_of(0, level=2), uid_of(number))
        self._ask("DELETE", f"/dicom-web/studies/{study}/series/{series}/instances/{instance}", 204)

    def _ask(
        self, method: str, path: str, expected: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self._connection.request(method, path, body, headers or {})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == expected, (answer.status, text)


class Inside:
    """The archive in this process."""

    deletes = True

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def as_stored(self, data: bytes) -> bytes:
        """A file is stored as it comes."""
        return data

    def store(self, data: bytes, *, is_other: bool) -> str:
        """Store one instance."""
        outcome = self._archive.store(data)
        assert is_other == (outcome.kind == "quarantined")
        return str(outcome.kind)

    def delete(self, number: int) -> None:
        """Delete an instance."""
        assert self._archive.delete([self._archive.index.find(uid_of(number))]) == 1


def number_in(line: str) -> int:
    """Return the number that a line is about."""
    return int(line.split()[2 if line.startswith("ack") else 1])


def say(line: str) -> None:
    """Tell the process that watches; whole or not at all."""
    os.write(1, f"{line}\n".encode())


def forker(what: str, folder: Path, size: int) -> None:
    """Fork a process for each line of the input, and say when it has ended."""
    from filmless.archive import Archive

    make = instance_maker(size=size)
    # All that a child needs is imported here, once: else that is most of what a round takes.
    with tempfile.TemporaryDirectory() as warm:
        if what == "direct":
            with Archive(warm) as archive:
                send_few(Inside(archive), make)
        elif what == "dimse":
            asyncio.run(try_once(Path(warm), lambda door: send_few(door, make)))
        else:
            from filmless.server import Server

            with Server(settings(Path(warm))) as server:
                send_few(Web(server.addresses.urls[0]), make)
    assert threading.active_count() == 1, "a child would be without them"
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            say(f"pid {os.getpid()}")
            try:
                {"direct": ingest, "served": serve, "dimse": serve_dimse}[what](folder, int(line), make)
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        say("end" if os.WIFSIGNALED(status) else "failed")


def send_few(door: Door, make: Make) -> None:
    """Do all that senders do, once."""
    door.store(make(0), is_other=False)
    door.store(make(0), is_other=False)
    door.store(make(0, variant=1), is_other=True)
    if door.deletes:
        door.delete(0)


def ingest(folder: Path, first: int, make: Make) -> None:
    """Ingest until somebody kills this process."""
    from filmless.archive import Archive

    door, numbers = Inside(Archive(folder)), Numbers(first)
    with ThreadPoolExecutor(SENDERS) as pool:
        jobs = [pool.submit(send, door, make, iter(numbers), say) for _ in range(SENDERS)]
        for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
            traceback.print_exception(job.exception())
            os._exit(1)


def serve(folder: Path, _first: int, _make: Make) -> None:
    """Serve until somebody kills this process."""
    from filmless.server import Server

    Server(settings(folder)).run(ready=lambda addresses: say(f"ready {addresses.urls[0]}"))


def serve_dimse(folder: Path, _first: int, _make: Make) -> None:
    """Serve associations until somebody kills this process."""
    asyncio.run(listen(folder, lambda address: say(f"ready {address}")))


def settings(folder: Path) -> Any:
    """Return the settings of a server."""
    from filmless.server import read_settings

    return read_settings(given={"data": folder, "http.port": 0, "logs.level": "error"})


def check(folder: Path, told: Acknowledged, *, since: int) -> None:
    """Open the archive as the next start would, and compare it with what senders were told, from a number on."""
    from filmless.archive import Archive

    with Archive(folder) as archive:
        for number in [number for number in told.stored if number >= since]:
            entry = archive.index.find(uid_of(number))
            assert entry is not None, f"{number} is lost"
            assert entry.sha256 == told.stored[number], f"{number} is another one"
            assert hashlib.sha256(archive.read(entry)).hexdigest() == entry.sha256, f"{number} was altered"
        for number in [number for number in told.gone if number >= since]:
            assert archive.index.find(uid_of(number)) is None, f"{number} was deleted, and is there again"
        assert list((folder / "incoming").iterdir()) == list(archive.storage.trashed()) == []
        if since == 0:
            check_files(archive, told)


def check_files(archive: Any, told: Acknowledged) -> None:
    """Compare all files with all rows."""
    rows = {entry.location: entry.size for entry in archive.index.locations()}
    assert {stored.location: stored.size for stored in archive.storage.files("instances")} == rows
    aside = {stored.sha256: stored.location for stored in archive.storage.files("quarantine")}
    for sha256 in told.quarantined.values():
        assert hashlib.sha256(archive.storage.read(aside[sha256])).hexdigest() == sha256


def torture(target: Target, folder: Path, *, kills: int, seed: int, most: int) -> Acknowledged:
    """Kill it so often; look after each kill at what came in last, now and then and in the end at all of it."""
    chance, told, first = random.Random(seed), Acknowledged(), 0
    since = first
    for kill in range(kills):
        # Now and then right at the start, while it clears up after the last one.
        lines = 0 if chance.random() < 0.15 else chance.randint(1, most)
        first = target.round(first, lines, chance.random() * (0.05 if lines == 0 else 0.004), told)
        first += SENDERS  # what was under way and never answered may be there: nobody sends it again
        if kill % 3 != 2:  # else the next one finds what two left behind
            check(folder, told, since=0 if kill % 50 == 49 else since)
            since = first
    check(folder, told, since=0)
    return told


TARGETS: dict[str, Callable[..., Any]] = {"direct": Direct, "served": Served, "dimse": Dimse}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--most", type=int, default=60, help="answers before a kill, at the most")
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--target", choices=list(TARGETS), default="direct")
    parser.add_argument("--forker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.forker:
        forker(options.forker, options.folder, options.size)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made) / "archive"
        print(f"{options.kills} kills, seed {options.seed}, {folder}", flush=True)
        target = TARGETS[options.target](folder, size=options.size)
        started = time.monotonic()
        try:
            told = torture(target, folder, kills=options.kills, seed=options.seed, most=options.most)
        finally:
            target.close()
    print(f"{told.lines} answers, {len(told.stored)} instances, none lost, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
