"""From stored values in memory to a picture of 8 bits."""

from dataclasses import replace

from benchmarks import make_pixels, phantoms
from benchmarks.code_streams import NATIVE
from benchmarks.contenders import DCMTK, NUMPY, OURS, PYDICOM, SIMPLEITK
from benchmarks.harness import Bar, race
from benchmarks.table import Row
from benchmarks.windowing import Stored, save

from . import Bench, Pixels

_BARS = (Bar(PYDICOM, 12), Bar(NUMPY, 1), Bar(SIMPLEITK, 1), Bar(DCMTK, 1))
_WHOLE = f"{OURS} (render of undecoded)"
_CONTENDERS = (OURS, PYDICOM, NUMPY, SIMPLEITK, DCMTK)


def render(bench: Bench) -> list[Row]:
    """The CT slice, unsigned and signed, and the mammogram."""
    ct, mammogram = make_pixels.ct(bench.folder, NATIVE).path, make_pixels.mammogram(bench.folder, NATIVE).path
    signed = make_pixels.signed_ct(bench.folder / "signed-ct.dcm")
    center, width = map(float, make_pixels.CT_WINDOW)
    images = {
        "CT, 12 bits unsigned": (ct, Stored(make_pixels.ct_samples(), 1, -1024, center, width)),
        "CT, 16 bits signed": (signed, Stored(phantoms.ct(), 1, 0, center, width)),
        "mammogram": (
            mammogram,
            Stored(make_pixels.mammogram_samples(), 1, 0, *map(float, make_pixels.MAMMOGRAM_WINDOW)),
        ),
    }
    rows = []
    for kind, (path, image) in images.items():
        save(path, image)
        # Rounding differs: the pictures are the same within a grey level in the mean.
        count = image.samples.size
        work = Pixels("render", path, count, check="sum rendered", total=image.picture_sum(), tolerance=count)
        timers = {name: bench.pixels(name, work) for name in _CONTENDERS if name in bench.contenders.pixels}
        timers[_WHOLE] = bench.pixels(OURS, replace(work, task="render whole", check="sum rendered whole"))
        rows.append(race(f"render a {kind}", timers, rounds=bench.rounds).row(*_BARS))
    return rows
