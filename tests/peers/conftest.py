"""The real files, each once, and what the peers' programs find in them."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ELEMENT = re.compile(rb"^\s*\((?!fffe)[0-9a-f]{4},[0-9a-f]{4}\)", re.MULTILINE)
HEADER = re.compile(rb"^# dcmdump \(\d+/\d+\): .*$", re.MULTILINE)
BATCH = 16
SECONDS = 120  # a guard against hanging, far from any time that is measured


@dataclass(frozen=True)
class Output:
    """What a program said about files: how many elements of each it printed."""

    status: int
    elements: tuple[int, ...]
    errors: tuple[str, ...]


@pytest.fixture(scope="session")
def files(all_files: list[Path]) -> list[Path]:
    """Every real file there is, those of equal content once."""
    by_content: dict[bytes, Path] = {}
    for path in all_files:
        by_content.setdefault(hashlib.sha256(path.read_bytes()).digest(), path)
    return list(by_content.values())


@pytest.fixture(scope="session")
def outputs() -> Callable[[Sequence[str], Sequence[Path]], dict[Path, Output]]:
    """Run a command on each of many files, two at a time."""

    def run(command: Sequence[str], paths: Sequence[Path]) -> dict[Path, Output]:
        with ThreadPoolExecutor(2) as threads:
            return dict(zip(paths, threads.map(lambda path: output(command, [path]), paths), strict=True))

    return run


@pytest.fixture(scope="session")
def dumps(peer: Callable[[str], str]) -> Callable[[Sequence[str], Sequence[Path]], dict[Path, Output]]:
    """Run dcmdump with options on each of many files: a batch at a time, and those of a batch with an error alone."""
    command = [peer("dcmdump"), "-M"]

    def run(options: Sequence[str], paths: Sequence[Path]) -> dict[Path, Output]:
        def batch(some: Sequence[Path]) -> list[Output]:
            together = output([*command, *options, "+F"], some)
            if together.status or together.errors or len(together.elements) != len(some):
                return [output([*command, *options, "+F"], [path]) for path in some]
            return [Output(0, (count,), ()) for count in together.elements]

        batches = [paths[at : at + BATCH] for at in range(0, len(paths), BATCH)]
        with ThreadPoolExecutor(2) as threads:
            found = [single for several in threads.map(batch, batches) for single in several]
        return dict(zip(paths, found, strict=True))

    return run


def output(command: Sequence[str], paths: Sequence[Path]) -> Output:
    """Run a command on files, and count the elements it prints of each."""
    done = subprocess.run([*command, *paths], capture_output=True, check=False, timeout=SECONDS)
    errors = tuple(line for line in done.stderr.decode("latin-1").splitlines() if line.startswith(("E:", "F:")))
    _, *files = HEADER.split(done.stdout) if HEADER.search(done.stdout) else (b"", done.stdout)
    return Output(done.returncode, tuple(len(ELEMENT.findall(text)) for text in files), errors)
