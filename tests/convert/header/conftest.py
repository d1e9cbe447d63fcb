"""What dciodvfy says of the data sets that contents become."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def errors_of(peer: Callable[[str], str]) -> Callable[[Iterable[Path]], dict[str, list[str]]]:
    """Return the error lines of dciodvfy by file name."""

    def errors_of(paths: Iterable[Path]) -> dict[str, list[str]]:
        found = {}
        for path in paths:
            done = subprocess.run([peer("dciodvfy"), "-new", path], capture_output=True, text=True, check=False)
            lines = (done.stdout + done.stderr).splitlines()
            found[path.name] = [line for line in lines if line.startswith("Error")]
        return found

    return errors_of
