"""CT slices become PNG files."""

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks import make_pixels
from benchmarks.contenders import OURS, PYDICOM
from benchmarks.harness import Bar, Timer, race
from benchmarks.table import Row, size

from . import Bench
from .folders import FILMLESS, command, emptied, loop, size_of

SLICES = 1_000
LOOP, POOL, LIBRARY = "dcm2pnm loop", f"{PYDICOM} (2 processes, Pillow)", f"{OURS} (library)"
_ROUNDS = 2


def export(bench: Bench) -> list[Row]:
    """All of a folder, each contender in its own way; and how many bytes that makes."""
    source, target = bench.folder / "slices", bench.folder / "pictures"
    paths = make_pixels.series(source, SLICES)
    listing = bench.folder / "slices.txt"
    listing.write_text("".join(f"{path}\n" for path in (target, *paths)))
    works: dict[str, tuple[Path, Callable[[], None]]] = {}
    if OURS in bench.contenders.pixels:
        works[OURS] = (target / "command", command(*FILMLESS, "convert", source, "-o", target / "command"))
        works[LIBRARY] = (target / "filmless", _asked(bench, OURS, listing))
    if PYDICOM in bench.contenders.pixels:
        works[POOL] = (target / "pydicom", _asked(bench, PYDICOM, listing))
    if shutil.which("dcm2pnm"):
        # The first window of each file, as the others take it by default.
        program = 'dcm2pnm +on +Wi 1 "$file" "$out"'
        works[LOOP] = (target / "loop", loop(program, source, target / "loop", ".png"))
    timers: dict[str, Timer] = {name: emptied(folder, SLICES, ".png", work) for name, (folder, work) in works.items()}
    title = f"{SLICES:,} CT slices to PNG"
    result = race(title, timers, rounds=min(bench.rounds, _ROUNDS), warm=False)
    written = Row(f"{title}: bytes written")
    written.cells |= {name: size(size_of(works[name][0])) for name in result.samples}
    shutil.rmtree(source)
    shutil.rmtree(target)
    return [result.row(Bar(LOOP, 3), Bar(POOL, 2.2)), written]


def _asked(bench: Bench, contender: str, listing: Path) -> Callable[[], None]:
    def work() -> None:
        bench.contenders.pixels[contender].ask("export", listing, {})

    return work
