"""From a file to an array of samples: one frame in every transfer syntax, one of many, and many on two threads."""

import subprocess
import sys
from pathlib import Path

from benchmarks import make_files, make_pixels
from benchmarks.code_streams import (
    HTJ2K,
    JPEG_12,
    JPEG_2000,
    JPEG_LOSSLESS,
    JPEG_LS,
    RLE,
    SYNTAXES,
    Syntax,
)
from benchmarks.contenders import CODEC, DCMTK, DICOMSDL, GDCM, OURS, PYDICOM, ROOT
from benchmarks.harness import Allowance, Bar, Condition, race
from benchmarks.make_pixels import Image
from benchmarks.session import NOT_OFFERED
from benchmarks.table import Row

from . import WRONG, Bench, Pixels

OPENJPH = "codec alone (OpenJPH)"
_ROUNDS_OF_BIG = 5
_DECODERS = (OURS, PYDICOM, DICOMSDL, DCMTK, GDCM)
# filmless has to beat pydicom by so much on the CT and on the mammogram.
_TO_PYDICOM = {
    RLE: (3.5, 3.5),
    JPEG_LOSSLESS: (2.4, 3.5),
    JPEG_12: (3.5, 3.5),
    JPEG_LS: (1.3, 1.9),
    JPEG_2000: (1.1, 1.25),
}
_PLUGIN = """
import sys, warnings, logging, pydicom
from pydicom.pixels import get_decoder
warnings.simplefilter("ignore"); logging.disable()
ds = pydicom.dcmread(sys.argv[1])
for name in get_decoder(ds.file_meta.TransferSyntaxUID)._available:
    try:
        ds.pixel_array_options(decoding_plugin=name); ds.pixel_array
    except Exception:
        continue
    print(name)
    break
"""


def decode_ct(bench: Bench) -> list[Row]:
    """The CT slice in every transfer syntax."""
    return [_decoded(bench, "CT", make_pixels.ct(bench.folder, syntax), bench.rounds, 0) for syntax in SYNTAXES]


def decode_mammogram(bench: Bench) -> list[Row]:
    """The mammogram in every transfer syntax; each turn is long, so a few rounds are enough."""
    rows, rounds = [], min(bench.rounds, _ROUNDS_OF_BIG)
    for syntax in SYNTAXES:
        image = make_pixels.mammogram(bench.folder, syntax)
        rows.append(_decoded(bench, "mammogram", image, rounds, 1))
        image.path.unlink()
        image.stream.unlink()
    return rows


def _decoded(bench: Bench, name: str, image: Image, rounds: int, column: int) -> Row:
    def work(task: str, path: Path) -> Pixels:
        tolerance = 0 if image.syntax.lossless else image.samples  # in the mean within 1
        check = task.replace("decode", "sum", 1)
        return Pixels(task, path, image.samples, image.shape, check, image.total, tolerance)

    title = image.syntax.title
    entries = {label: (label, work("decode", image.path)) for label in _DECODERS}
    entries[CODEC] = (CODEC, work(f"decode {title}", image.stream))
    if image.syntax is HTJ2K:
        entries[OPENJPH] = (CODEC, work("decode HTJ2K (OpenJPH)", image.stream))
    timers = {
        label: bench.pixels(contender, task)
        for label, (contender, task) in entries.items()
        if contender in bench.contenders.pixels
    }
    result = race(f"decode a {name}, {title}", timers, rounds=rounds)
    # Who has no such codec says so in many words.
    result.failures = {
        label: failure if label == OURS or failure == WRONG else NOT_OFFERED
        for label, failure in result.failures.items()
    }
    row = result.row(*_bars(image.syntax, column))
    if PYDICOM in result.samples and image.syntax.compress and (plugin := _plugin(image.path)):
        row.cells[PYDICOM] += f" ({plugin})"
    return row


def _bars(syntax: Syntax, column: int) -> list[Condition]:
    bars: list[Condition] = [Allowance(CODEC, 1.1, 1e-4)]
    if syntax in _TO_PYDICOM:
        bars.append(Bar(PYDICOM, _TO_PYDICOM[syntax][column]))
    if syntax is RLE:
        bars.append(Bar(CODEC, 1.2))
    return bars


def _plugin(path: Path) -> str:
    """The plug-in that pydicom takes by default: the first, in its own order, that decodes the file."""
    command = [sys.executable, "-c", _PLUGIN, str(path)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()


def threads(bench: Bench) -> list[Row]:
    """The same frames on one thread and on two."""
    rows = []
    alone = f"{OURS} (1 thread)"
    for syntax, frames in ((JPEG_LOSSLESS, 64), (JPEG_LS, 32), (JPEG_2000, 16), (RLE, 128)):
        path = make_pixels.multi_frame(bench.folder / "multi-frame.dcm", syntax, frames)
        count = frames * make_pixels.ct_samples().size
        timers = {
            label: bench.pixels(OURS, Pixels(f"decode on {task}", path, count))
            for label, task in ((OURS, "2 threads"), (alone, "1 thread"))
            if OURS in bench.contenders.pixels
        }
        title = f"{frames} frames on two threads, {syntax.title}"
        rows.append(race(title, timers, rounds=bench.rounds).row(Bar(alone, 1.7)))
    return rows


def single_frame(bench: Bench) -> list[Row]:
    """The 400th frame of the enhanced MR, from path to array."""
    rows = []
    for kind, times in (("defined", 20), ("undefined", 100)):
        path = make_pixels.enhanced_mr(bench.folder / f"mr-pixels-{kind}.dcm", undefined=kind == "undefined")
        timers = {
            name: bench.pixels(name, Pixels("frame 400", path, 399))
            for name in (OURS, PYDICOM)
            if name in bench.contenders.pixels
        }
        title = f"frame 400 of {make_files.FRAMES}, {kind} lengths"
        rows.append(race(title, timers, rounds=bench.rounds).row(Bar(PYDICOM, times)))
    return rows
