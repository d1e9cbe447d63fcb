"""Pictures become DICOM: one call, and whole folders."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from benchmarks import phantoms
from benchmarks.contenders import OURS, PYDICOM
from benchmarks.harness import Bar, Timer, race
from benchmarks.table import Row

from . import Bench
from .folders import FILMLESS, command, emptied, loop

JPEGS, PICTURES = 400, 48
LOOP, POOL = "img2dcm loop", f"{PYDICOM} (2 processes, Pillow)"
_DIFFERENT = 4
_ROUNDS = 3


def convert(bench: Bench) -> list[Row]:
    """JPEG goes in as it is; PNG and TIFF are decoded."""
    source = bench.folder / "photographs"
    source.mkdir()
    photographs = [phantoms.photograph(number) for number in range(_DIFFERENT)]
    rows = [_one_jpeg(bench, source, photographs[0]), _jpegs(bench, source, photographs)]
    for title, suffix, save in (
        ("PNG of 12 megapixels (RGB)", ".png", lambda path, rgb: Image.fromarray(rgb).save(path)),
        ("PNG of 12 megapixels (grey, 16 bits)", ".png", lambda path, rgb: Image.fromarray(_grey(rgb)).save(path)),
        ("TIFF of 12 megapixels (RGB)", ".tif", lambda path, rgb: Image.fromarray(rgb).save(path)),
        (
            "TIFF of 12 megapixels (RGB, LZW)",
            ".tif",
            lambda path, rgb: Image.fromarray(rgb).save(path, compression="tiff_lzw"),
        ),
        (
            "TIFF of 12 megapixels (grey, 16 bits, deflate)",
            ".tif",
            lambda path, rgb: tifffile.imwrite(path, _grey(rgb), compression="zlib", predictor=True),
        ),
    ):
        rows.append(_folder(bench, title, suffix, save, photographs))
    shutil.rmtree(source)
    return rows


def _grey(rgb: NDArray[Any]) -> NDArray[Any]:
    grey: NDArray[np.uint16] = rgb.sum(axis=-1, dtype=np.uint16) * np.uint16(64)
    return grey


def _one_jpeg(bench: Bench, source: Path, rgb: NDArray[Any]) -> Row:
    path = source / "one.jpg"
    Image.fromarray(rgb).save(path, quality=92)
    size = path.stat().st_size
    timers = {
        name: bench.timer_of_pixels(name, "wrap", path, size)
        for name in (OURS, PYDICOM)
        if name in bench.contenders.pixels
    }
    row = race("JPEG of 12 megapixels to DICOM", timers, rounds=bench.rounds).row(Bar(PYDICOM, 1))
    for made in source.iterdir():
        made.unlink()
    return row


def _jpegs(bench: Bench, source: Path, photographs: Sequence[NDArray[Any]]) -> Row:
    """A folder of them: a few different ones under many names."""
    paths = [source / f"original-{number}.jpg" for number in range(len(photographs))]
    for path, rgb in zip(paths, photographs, strict=True):
        Image.fromarray(rgb).save(path, quality=92)
    folder, target = source / "jpeg", bench.folder / "wrapped"
    folder.mkdir()
    for number in range(JPEGS):
        (folder / f"{number:04}.jpg").hardlink_to(paths[number % len(paths)])
    works: dict[str, tuple[Path, Callable[[], None]]] = {
        OURS: (target / "filmless", command(*FILMLESS, "convert", folder, "-o", target / "filmless"))
    }
    if shutil.which("img2dcm"):
        works[LOOP] = (target / "loop", loop('img2dcm "$file" "$out"', folder, target / "loop", ".dcm", of=".jpg"))
    return _raced(bench, f"{JPEGS} JPEGs of 12 megapixels to DICOM", works, JPEGS, target, Bar(LOOP, 8))


def _folder(
    bench: Bench,
    title: str,
    suffix: str,
    save: Callable[[Path, NDArray[Any]], object],
    photographs: Sequence[NDArray[Any]],
) -> Row:
    folder, target = bench.folder / "pictures-in", bench.folder / "taken-in"
    folder.mkdir()
    for number, rgb in enumerate(photographs):
        save(folder / f"{number:04}{suffix}", rgb)
    for number in range(len(photographs), PICTURES):
        (folder / f"{number:04}{suffix}").hardlink_to(folder / f"{number % len(photographs):04}{suffix}")
    listing = bench.folder / "pictures.txt"
    paths = sorted(folder.iterdir())
    listing.write_text("".join(f"{path}\n" for path in (target / "pydicom", *paths)))
    works: dict[str, tuple[Path, Callable[[], None]]] = {
        OURS: (target / "filmless", command(*FILMLESS, "convert", folder, "-o", target / "filmless"))
    }
    if PYDICOM in bench.contenders.pixels:
        works[POOL] = (target / "pydicom", lambda: _asked(bench, listing))
    row = _raced(bench, f"{PICTURES} {title} to DICOM", works, PICTURES, target, Bar(POOL, 2))
    shutil.rmtree(folder)
    return row


def _asked(bench: Bench, listing: Path) -> None:
    bench.contenders.pixels[PYDICOM].ask("take in", listing, {})


def _raced(
    bench: Bench, title: str, works: dict[str, tuple[Path, Callable[[], None]]], count: int, target: Path, bar: Bar
) -> Row:
    timers: dict[str, Timer] = {name: emptied(folder, count, ".dcm", work) for name, (folder, work) in works.items()}
    row = race(title, timers, rounds=min(bench.rounds, _ROUNDS), warm=False).row(bar)
    shutil.rmtree(target)
    return row
