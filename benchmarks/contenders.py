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
ROOT = Path(__file__).parent.parent
_CPP = Path(__file__).parent / "cpp"
_PYTHON = {OURS: "filmless", PYDICOM: "pydicom", DICOMSDL: "dicomsdl", PYTHON_GDCM: "gdcm"}


@dataclass(frozen=True)
class Native:
    """A C++ peer: its source, its Debian package, and what its compilation needs."""

    source: str
    package: str
    flags: tuple[str, ...]


_NATIVE = {
    "DCMTK C++": Native("dcmtk.cpp", "libdcmtk-dev", ("-ldcmdata", "-loflog", "-lofstd")),
    "GDCM C++": Native(
        "gdcm.cpp", "libgdcm-dev", ("-I/usr/include/gdcm-3.0", "-lgdcmMSFF", "-lgdcmDICT", "-lgdcmDSED", "-lgdcmCommon")
    ),
    "odil C++": Native("odil.cpp", "libodil-dev", ("-I/usr/include/jsoncpp", "-lodil", "-ljsoncpp", "-ldcmdata")),
}
NAMES = (*_PYTHON, *_NATIVE)


@dataclass
class Field:
    """Everyone who takes part, with versions, and who is missing and why."""

    sessions: dict[str, Session]
    versions: dict[str, str]
    missing: dict[str, str]


@contextmanager
def field() -> Iterator[Field]:
    """Start from what is installed; end every process afterwards."""
    all_of_us = Field({}, {}, {})
    for name, module in _PYTHON.items():
        if importlib.util.find_spec(module) is None:
            all_of_us.missing[name] = f"the Python package {module} cannot be imported"
            continue
        command = [sys.executable, "-m", "benchmarks.python.serve", f"with_{module}"]
        all_of_us.sessions[name] = Session(command, ROOT)
        all_of_us.versions[name] = _python_version(name)
    for name, native in _NATIVE.items():
        try:
            program = _build(native)
        except (OSError, subprocess.CalledProcessError) as error:
            all_of_us.missing[name] = _why(native, error)
            continue
        all_of_us.sessions[name] = Session([str(program)], ROOT)
        all_of_us.versions[name] = _debian_version(native.package)
    try:
        yield all_of_us
    finally:
        for session in all_of_us.sessions.values():
            session.close()


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
