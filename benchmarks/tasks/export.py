"""A thousand CT slices become PNG files."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks import make_pixels
from benchmarks.contenders import OURS, PYDICOM, ROOT
from benchmarks.harness import Bar, Timer, race
from benchmarks.session import PeerError
from benchmarks.table import Row, size

from . import Bench

SLICES = 1_000
LOOP, POOL, LIBRARY = "dcm2pnm loop", f"{PYDICOM} (2 processes, Pillow)", f"{OURS} (library)"
_ROUNDS = 2
_COMMAND = "from filmless.cli import main; main()"  # the script `filmless`, wherever it is installed
# As a user would do it; the first window of each file is asked for, as the others take it by default.
_LOOP = 'for file in "$1"/*.dcm; do name="${file##*/}"; dcm2pnm +on +Wi 1 "$file" "$2/${name%.dcm}.png" || exit; done'


def export(bench: Bench) -> list[Row]:
    """All of a folder, each contender in its own way; and how many bytes that makes."""
    source, target = bench.folder / "slices", bench.folder / "pictures"
    paths = make_pixels.series(source, SLICES)
    target.mkdir()
    listing = bench.folder / "slices.txt"
    listing.write_text("".join(f"{path}\n" for path in (target, *paths)))
    folders = {OURS: target / "command", LIBRARY: target / "filmless", POOL: target / "pydicom", LOOP: target / "loop"}
    timers: dict[str, Timer] = {}
    if OURS in bench.contenders.pixels:
        command = [sys.executable, "-c", _COMMAND, "convert", str(source), "-o", str(folders[OURS])]
        timers[OURS] = _emptied(folders[OURS], _process(command))
        timers[LIBRARY] = _emptied(folders[LIBRARY], _asked(bench, OURS, listing))
    if PYDICOM in bench.contenders.pixels:
        timers[POOL] = _emptied(folders[POOL], _asked(bench, PYDICOM, listing))
    if shutil.which("dcm2pnm"):
        timers[LOOP] = _emptied(folders[LOOP], _process(["bash", "-c", _LOOP, "loop", str(source), str(folders[LOOP])]))
    title = f"{SLICES:,} CT slices to PNG"
    result = race(title, timers, rounds=min(bench.rounds, _ROUNDS), warm=False)
    written = Row(f"{title}: bytes written")
    for name, folder in folders.items():
        if name in result.samples:
            written.cells[name] = size(sum(path.stat().st_size for path in folder.rglob("*.png")))
    shutil.rmtree(source)
    shutil.rmtree(target)
    return [result.row(Bar(LOOP, 3), Bar(POOL, 2.2)), written]


def _emptied(folder: Path, work: Callable[[], None]) -> Timer:
    """Run once into an empty folder; a run that does not write all pictures is no time."""

    def run(repetitions: int) -> float:
        assert repetitions == 1
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        start = perf_counter()
        work()
        elapsed = perf_counter() - start
        if (count := sum(1 for _ in folder.rglob("*.png"))) != SLICES:
            raise PeerError(f"gave {count} of {SLICES}")
        return elapsed

    return run


def _process(command: list[str]) -> Callable[[], None]:
    def work() -> None:
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"ended with code {done.returncode}")

    return work


def _asked(bench: Bench, contender: str, listing: Path) -> Callable[[], None]:
    def work() -> None:
        bench.contenders.pixels[contender].ask("export", listing, {})

    return work
