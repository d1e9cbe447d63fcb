"""Whole folders through whole commands: one run is one measurement, and all files have to be there afterwards."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.contenders import ROOT
from benchmarks.harness import Timer
from benchmarks.session import PeerError

# The script `filmless`, wherever it is installed.
FILMLESS = (sys.executable, "-c", "from filmless.cli import main; main()")


def emptied(folder: Path, count: int, suffix: str, work: Callable[[], None]) -> Timer:
    """Time one run into an empty folder; a run that does not write all files is no time."""

    def run(repetitions: int) -> float:
        assert repetitions == 1
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        start = perf_counter()
        work()
        elapsed = perf_counter() - start
        if (written := sum(1 for _ in folder.rglob(f"*{suffix}"))) != count:
            raise PeerError(f"gave {written} of {count}")
        return elapsed

    return run


def command(*words: str | Path) -> Callable[[], None]:
    """Run a command; it has to succeed."""

    def work() -> None:
        done = subprocess.run(list(map(str, words)), cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"ended with code {done.returncode}")

    return work


def loop(program: str, source: Path, target: Path, suffix: str, *, of: str = ".dcm") -> Callable[[], None]:
    """Run a program once for each file, as a user's shell does; ``$file`` goes in and ``$out`` comes out."""
    script = f'for file in "$1"/*{of}; do n="${{file##*/}}"; out="$2/${{n%{of}}}{suffix}"; {program} || exit; done'
    return command("bash", "-c", script, "loop", source, target)


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
