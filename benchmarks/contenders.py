"""filmless and its peers: how each is started, or why it cannot be."""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .session import Session

OURS, PYDICOM, DICOMSDL, PYTHON_GDCM = "filmless", "pydicom", "dicomsdl", "python-gdcm"
CODEC, NUMPY, SIMPLEITK = "codec alone (imagecodecs)", "numpy float32", "SimpleITK"
DCMTK, GDCM, ODIL = "DCMTK C++", "GDCM C++", "odil C++"
ROOT = Path(__file__).parent.parent
_CPP = Path(__file__).parent / "cpp"
_DISTRIBUTIONS = {CODEC: "imagecodecs", NUMPY: "numpy"}


@dataclass(frozen=True)
class Native:
    """A C++ peer: its source, its Debian package, and what its compilation needs."""

    source: str
    package: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class LineUp:
    """Who takes part in the tasks of one kind: Python modules by what ``python/`` names their adapters, and C++."""

    adapter: str
    python: dict[str, str]
    native: dict[str, Native]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the table."""
        return (*self.python, *self.native)


_GDCM_FLAGS = ("-I/usr/include/gdcm-3.0", "-lgdcmMSFF", "-lgdcmDICT", "-lgdcmDSED", "-lgdcmCommon")
HEADERS = LineUp(
    "with",
    {OURS: "filmless", PYDICOM: "pydicom", DICOMSDL: "dicomsdl", PYTHON_GDCM: "gdcm"},
    {
        DCMTK: Native("dcmtk.cpp", "libdcmtk-dev", ("-ldcmdata", "-loflog", "-lofstd")),
        GDCM: Native("gdcm.cpp", "libgdcm-dev", _GDCM_FLAGS),
        ODIL: Native("odil.cpp", "libodil-dev", ("-I/usr/include/jsoncpp", "-lodil", "-ljsoncpp", "-ldcmdata")),
    },
)
PIXELS = LineUp(
    "pixels_with",
    {
        OURS: "filmless",
        PYDICOM: "pydicom",
        CODEC: "imagecodecs",
        DICOMSDL: "dicomsdl",
        NUMPY: "numpy",
        SIMPLEITK: "SimpleITK",
    },
    {
        DCMTK: Native(
            "dcmtk_pixels.cpp",
            "libdcmtk-dev",
            ("-ldcmjpeg", "-ldcmjpls", "-ldcmimgle", "-ldcmdata", "-loflog", "-lofstd"),
        ),
        GDCM: Native("gdcm_pixels.cpp", "libgdcm-dev", _GDCM_FLAGS),
    },
)


@dataclass
class Field:
    """Everyone who takes part, with versions, and who is missing and why; a process for each kind of task."""

    sessions: dict[str, Session]
    pixels: dict[str, Session]
    versions: dict[str, str]
    missing: dict[str, str]


@contextmanager
def field(clock: str) -> Iterator[Field]:
    """Start from what is installed, everyone timed by the same clock; end every process afterwards."""
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    sessions, pixels = (_started(line_up, clock, versions, missing) for line_up in (HEADERS, PIXELS))
    all_of_us = Field(sessions, pixels, versions, missing)
    try:
        yield all_of_us
    finally:
        for session in (*all_of_us.sessions.values(), *all_of_us.pixels.values()):
            session.close()


def _started(line_up: LineUp, clock: str, versions: dict[str, str], missing: dict[str, str]) -> dict[str, Session]:
    sessions = {}
    for name, module in line_up.python.items():
        if importlib.util.find_spec(module) is None:
            missing[name] = f"the Python package {module} cannot be imported"
            continue
        adapter = f"{line_up.adapter}_{module.lower()}"
        sessions[name] = Session([sys.executable, "-m", "benchmarks.python.serve", adapter], ROOT, clock)
        versions[name] = _python_version(_DISTRIBUTIONS.get(name, name))
    for name, native in line_up.native.items():
        try:
            program = _build(native)
        except (OSError, subprocess.CalledProcessError) as error:
            missing[name] = _why(native, error)
            continue
        sessions[name] = Session([str(program)], ROOT, clock)
        versions[name] = _debian_version(native.package)
    return sessions


def _build(native: Native) -> Path:
    compiler = shutil.which("g++")
    if compiler is None:
        raise FileNotFoundError("g++ is not installed")
    source = _CPP / native.source
    content = source.read_bytes() + (_CPP / "bench.hpp").read_bytes() + " ".join(native.flags).encode()
    digest = hashlib.sha256(content + _debian_version(native.package).encode()).hexdigest()[:16]
    program = Path(tempfile.gettempdir()) / "filmless-benchmarks" / f"{source.stem}-{digest}"
    if not program.exists():
        program.parent.mkdir(exist_ok=True)
        partial = program.with_suffix(".new")
        command = [compiler, "-O2", "-std=c++17", str(source), "-o", str(partial), *native.flags]
        subprocess.run(command, check=True, capture_output=True, text=True)
        partial.replace(program)
    return program


def _why(native: Native, error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        first = next((line for line in error.stderr.splitlines() if "error" in line), "no reason given")
        return f"does not compile (is {native.package} installed?): {first.strip()}"
    return str(error)


def _python_version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed, imported from a folder"


def _debian_version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return "unknown version"
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout or "unknown version"
