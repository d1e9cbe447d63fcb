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
SECONDS = 120  # a guard against hanging, far from any time that is measured


@dataclass(frozen=True)
class Output:
    """What a program said about a file."""

    status: int
    elements: int
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
            return dict(zip(paths, threads.map(lambda path: output(command, path), paths), strict=True))

    return run


def output(command: Sequence[str], path: Path) -> Output:
    """Run a command on a file, and count the elements it prints."""
    done = subprocess.run([*command, path], capture_output=True, check=False, timeout=SECONDS)
    errors = tuple(line for line in done.stderr.decode("latin-1").splitlines() if line.startswith(("E:", "F:")))
    return Output(done.returncode, len(ELEMENT.findall(done.stdout)), errors)
