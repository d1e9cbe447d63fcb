"""What all tests share: real files, peers, and how hypothesis runs."""

import os
import shutil
import signal
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

# A shell has what it starts in the background ignore Ctrl-C, and so what that starts: tests of it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_teardown() -> None:
    """Stop what a test began that failed then: all that comes after it would take ten times as long."""
    tracemalloc.stop()


def wheel_files() -> list[Path]:
    """Files of pydicom's wheel, as they lie there: `get_testdata_files` could go for more over the network."""
    import pydicom.data

    folder = Path(pydicom.data.__file__).parent
    return sorted(
        path
        for kind in ("test_files", "charset_files", "palettes")
        for path in (folder / kind).rglob("*")
        if path.is_file() and path.suffix in {"", ".dcm"} and not path.name.startswith("README")
    )


def corpus_files() -> list[Path]:
    """DICOM files of the larger set, as its ``manifest.csv`` lists them; nothing without FILMLESS_CORPUS."""
    import csv

    if "FILMLESS_CORPUS" not in os.environ:
        return []
    folder = Path(os.environ["FILMLESS_CORPUS"])
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as table:
        return sorted(folder / row["path"] for row in csv.DictReader(table) if row["kind"] == "dicom")


@pytest.fixture(scope="session")
def pydicom_files() -> list[Path]:
    """DICOM files in pydicom's wheel, some broken on purpose."""
    return wheel_files()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the larger set of real files."""
    if "FILMLESS_CORPUS" not in os.environ:
        pytest.skip("FILMLESS_CORPUS does not name the larger set of real files")
    return Path(os.environ["FILMLESS_CORPUS"])


@pytest.fixture(scope="session")
def all_files() -> list[Path]:
    """Every real DICOM file there is: pydicom's, and the larger set when FILMLESS_CORPUS names it."""
    return wheel_files() + corpus_files()


@pytest.fixture(scope="session")
def peer() -> Callable[[str], str]:
    """Find a program to compare with; without it skip, or fail where FILMLESS_REQUIRE_PEERS=1."""

    # pynetdicom installs programs that have the names of DCMTK's beside the interpreter.
    ours = Path(sys.executable).parent
    folders = [folder for folder in os.get_exec_path() if Path(folder) != ours]

    def find(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join(folders)) or shutil.which(name)
        if path is None:
            missing = pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip
            missing(f"peer {name} is not installed")
        return path

    return find
