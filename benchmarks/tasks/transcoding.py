"""CT slices are compressed without loss: whole commands, of the peers one for each file."""

import shutil
from pathlib import Path

from benchmarks import make_pixels
from benchmarks.contenders import OURS
from benchmarks.harness import Timer, race
from benchmarks.table import Row

from . import Bench
from .folders import FILMLESS, command, emptied, loop

SLICES = 50
DCMCJPLS, GDCMCONV = "dcmcjpls loop", "gdcmconv loop"
_ROUNDS = 2
# GDCM's own program, not the script of its Python package that starts it.
_GDCMCONV = shutil.which("gdcmconv", path="/usr/bin:/usr/local/bin") or "gdcmconv"
_PEERS = {
    "JPEGLSLossless": {DCMCJPLS: 'dcmcjpls "$file" "$out"', GDCMCONV: f'{_GDCMCONV} --jpegls "$file" "$out"'},
    "JPEG2000Lossless": {GDCMCONV: f'{_GDCMCONV} --j2k "$file" "$out"'},
    "HTJ2KLossless": {},
}


def transcode(bench: Bench) -> list[Row]:
    """All of a folder; filmless decodes each frame that it has written."""
    source, target = bench.folder / "native-slices", bench.folder / "transcoded"
    make_pixels.series(source, SLICES)
    rows = []
    for syntax, peers in _PEERS.items():
        ours = target / "filmless"
        timers = {}
        if OURS in bench.contenders.pixels:
            timers[OURS] = _timer(ours, *FILMLESS, "transcode", source, "-o", ours, "--to", syntax)
        for name, program in peers.items():
            if shutil.which(program.split()[0]):
                folder = target / name.split()[0]
                timers[name] = emptied(folder, SLICES, ".dcm", loop(program, source, folder, ".dcm"))
        title = f"{SLICES} CT slices to {syntax}"
        rows.append(race(title, timers, rounds=min(bench.rounds, _ROUNDS), warm=False).row())
    shutil.rmtree(source)
    shutil.rmtree(target, ignore_errors=True)
    return rows


def _timer(folder: Path, *words: str | Path) -> Timer:
    return emptied(folder, SLICES, ".dcm", command(*words))
