"""What the tests of media share."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import filmless
from filmless.file import write


@pytest.fixture(scope="session")
def cd(wheel_file) -> Path:
    """The folder of pydicom's file-sets."""
    return wheel_file("dicomdirtests/DICOMDIR").parent


@pytest.fixture(scope="session")
def instance() -> Callable[..., Path]:
    """Write a file with other values than a template's, None to leave one out."""

    def make(template: filmless.Dataset | Path, target: Path, syntax: str | None = None, **values) -> Path:
        ds = template.copy() if isinstance(template, filmless.Dataset) else filmless.read(template)
        for keyword, value in values.items():
            if value is None:
                ds.pop(keyword, None)
            else:
                setattr(ds, keyword, value)
        for keyword in ("SOPClassUID", "SOPInstanceUID"):
            if keyword in values:
                setattr(ds.file_meta, f"MediaStorage{keyword}", values[keyword])
        target.parent.mkdir(parents=True, exist_ok=True)
        write(ds, target, transfer_syntax=syntax)
        return target

    return make


@pytest.fixture(scope="session")
def errors_of(peer) -> Callable[..., list[str]]:
    """Lines of errors that a peer writes."""

    def run(program: str, *arguments: object) -> list[str]:
        result = subprocess.run([peer(program), *map(str, arguments)], capture_output=True, check=False)
        text = (result.stdout + result.stderr).decode("latin-1")
        return [line for line in text.splitlines() if line.startswith(("E:", "F:", "Error", "W:"))]

    return run


@pytest.fixture(scope="session")
def records() -> Callable[..., list]:
    """Records of a kind on a medium."""
    return lambda folder, kind: filmless.read_fileset(folder).find(kind)
