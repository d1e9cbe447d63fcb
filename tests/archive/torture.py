"""Kill what ingests at random points, again and again: what was acknowledged is there, and nothing else has to be done.

    python tests/archive/torture.py --kills 1000 [--folder DIR] [--seed N] [--size BYTES]

`Target` is how instances get in: `Direct` forks a process that stores into an `Archive`; a server is another one.
"""

import argparse
import hashlib
import os
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

SENDERS = 8

Make = Callable[..., bytes]


@dataclass
class Acknowledged:
    """What senders were told, over all rounds.

    Attributes
    ----------
    stored
        SHA-256 by number, of what was acknowledged as stored, and not deleted since.
    quarantined
        SHA-256 of what was acknowledged as kept beside.
    open
        Numbers for which a deletion was asked for and not acknowledged: they may be there or not.
    gone
        Numbers whose deletion was acknowledged.
    """

    stored: dict[int, str] = field(default_factory=dict)
    quarantined: set[str] = field(default_factory=set)
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
                self.quarantined.add(sha256)
            elif int(number) not in self.open | self.gone:
                assert self.stored.setdefault(int(number), sha256) == sha256
        elif word == "deleting":
            self.open.add(int(rest[0]))
            self.stored.pop(int(rest[0]), None)
        elif word == "deleted":
            self.open.discard(int(rest[0]))
            self.gone.add(int(rest[0]))


class Target(Protocol):
    """How instances get in: a process that can be killed, and senders."""

    def round(self, first: int, lines: int, delay_s: float, told: Acknowledged) -> int:
        """Send instances from number ``first`` on; kill it a little after so many answers; return the next number."""

    def close(self) -> None:
        """Stop for good."""


def send(archive, make: Make, numbers: Iterator[int], say: Callable[[str], None]) -> None:
    """Send instances for ever: new ones, the same again, others of the same UID; delete some."""
    for number in numbers:
        data = make(number)
        sha256 = hashlib.sha256(data).hexdigest()
        outcome = archive.store(data)
        say(f"ack {outcome.kind} {number} {sha256}")
        if number % 5 == 0:
            say(f"ack {archive.store(data).kind} {number} {sha256}")
        if number % 7 == 0:
            other = make(number, variant=1)
            say(f"ack {archive.store(other).kind} {number} {hashlib.sha256(other).hexdigest()}")
        if number % 11 == 0:
            say(f"deleting {number}")
            entry = archive.index.find(outcome.instance_uid)
            assert archive.delete([entry]) == 1
            say(f"deleted {number}")


class Direct:
    """Senders and archive in one process, forked from one that has imported everything."""

    def __init__(self, folder: Path, *, size: int = 0) -> None:
        command = [sys.executable, __file__, "--forker", "--folder", str(folder), "--size", str(size)]
        self._forker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._rest = b""

    def round(self, first: int, lines: int, delay_s: float, told: Acknowledged) -> int:
        assert self._forker.stdin
        self._forker.stdin.write(f"{first}\n".encode())
        child, seen, last = 0, 0, first
        for line in self._lines():
            if line.startswith("pid "):
                child = int(line.split()[1])
            elif line == "end":
                return last + 1
            elif line == "failed":
                raise AssertionError("a sender failed: its error is on stderr")
            else:
                told.take(line)
                last = max(last, int(line.split()[2] if line.startswith("ack") else line.split()[1]))
                seen += 1
            if child and seen >= lines:
                assert self._forker.stdout
                until = time.monotonic() + delay_s
                while (left := until - time.monotonic()) > 0:  # a moment that no line marks
                    select.select([], [], [], left)
                os.kill(child, signal.SIGKILL)
                child = 0
        raise AssertionError("the forking process ended")

    def _lines(self) -> Iterator[str]:
        assert self._forker.stdout
        while data := self._forker.stdout.read(1 << 16):
            *whole, self._rest = (self._rest + data).split(b"\n")
            yield from (line.decode() for line in whole)

    def close(self) -> None:
        assert self._forker.stdin
        assert self._forker.stdout
        self._forker.stdin.close()
        self._forker.wait()
        self._forker.stdout.close()


def forker(folder: Path, size: int) -> None:
    """Fork a process that ingests for each line of the input, and say when it has ended."""
    from made import instance_maker

    import filmless.archive
    from filmless.file import read

    make = instance_maker(size=size)
    read(make(1))
    with tempfile.TemporaryDirectory() as warm, filmless.archive.Archive(warm) as archive:
        archive.store(make(1))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            ingest(folder, int(line), make)
        _, status = os.waitpid(child, 0)
        os.write(1, b"end\n" if os.WIFSIGNALED(status) else b"failed\n")


def ingest(folder: Path, first: int, make: Make) -> None:
    """Ingest until somebody kills this process."""
    os.write(1, f"pid {os.getpid()}\n".encode())
    from filmless.archive import Archive

    archive = Archive(folder)
    numbers = count(first)
    lock = threading.Lock()

    def each() -> Iterator[int]:
        while True:
            with lock:
                number = next(numbers)
            yield number

    def say(line: str) -> None:
        os.write(1, f"{line}\n".encode())

    with ThreadPoolExecutor(SENDERS) as pool:
        jobs = [pool.submit(send, archive, make, each(), say) for _ in range(SENDERS)]
        for job in jobs:
            if error := job.exception():
                traceback.print_exception(error)
                os._exit(1)


def check(folder: Path, told: Acknowledged, *, since: int = 0) -> int:
    """Open the archive as the next start would, and compare it with what senders were told; return the rows."""
    from made import uid_of

    from filmless.archive import Archive

    with Archive(folder) as archive:
        rows = {entry.instance_uid: entry for entry in archive.entries(uid_of(0, level=1))}
        for number, sha256 in told.stored.items():
            entry = rows[uid_of(number)]
            assert entry.sha256 == sha256, f"{number} is another one"
            if number >= since:
                assert hashlib.sha256(archive.read(entry)).hexdigest() == sha256, f"{number} was altered"
        assert not rows.keys() & {uid_of(number) for number in told.gone}, "a deleted instance is there again"
        files = {stored.location: stored.size for stored in archive.storage.files("instances")}
        assert files == {entry.location: entry.size for entry in rows.values()}, "files and rows differ"
        aside = {stored.sha256: stored for stored in archive.storage.files("quarantine")}
        for sha256 in told.quarantined:
            stored = aside[sha256]
            assert since or hashlib.sha256(archive.storage.read(stored.location)).hexdigest() == sha256
        assert list((folder / "incoming").iterdir()) == list(archive.storage.trashed()) == []
        return len(rows)


def torture(target: Target, folder: Path, *, kills: int, seed: int, most: int = 60) -> Acknowledged:
    """Kill it so often; look after each kill at what came in last, and in the end at all of it."""
    chance, told, first = random.Random(seed), Acknowledged(), 0
    for kill in range(kills):
        since = first
        # Now and then right at the start, while it clears up after the last one.
        lines = 0 if chance.random() < 0.15 else chance.randint(1, most)
        first = target.round(first, lines, chance.random() * (0.05 if lines == 0 else 0.004), told)
        first += SENDERS  # what was under way and never answered may be there: nobody sends it again
        if kill % 3 != 2:  # else the next one finds what two left behind
            check(folder, told, since=since)
    rows = check(folder, told)
    assert len(told.stored) <= rows
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--forker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.forker:
        forker(options.folder, options.size)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made) / "archive"
        print(f"{options.kills} kills, seed {options.seed}, {folder}", flush=True)
        target = Direct(folder, size=options.size)
        started = time.monotonic()
        try:
            told = torture(target, folder, kills=options.kills, seed=options.seed)
        finally:
            target.close()
    print(f"{told.lines} answers, {len(told.stored)} instances, none lost, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
