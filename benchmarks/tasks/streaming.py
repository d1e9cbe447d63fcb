"""Memory of going through many frames."""

from benchmarks import make_pixels
from benchmarks.code_streams import NATIVE, RLE, Syntax
from benchmarks.contenders import OURS, PYDICOM
from benchmarks.session import PeerError
from benchmarks.table import NOT_MEASURED, Row, size, verdict

from . import Bench

GIGABYTE = 1_000_000_000
LIMIT = 100_000_000


def iterate(bench: Bench) -> list[Row]:
    """A file of 1 GB, native and compressed; the whole process counts, Python and numpy included."""
    native = GIGABYTE // (make_pixels.ct_samples().nbytes) + 1
    # RLE compresses the CT 1.86 to 1.
    return [_row(bench, NATIVE, native), _row(bench, RLE, int(native * 1.9))]


def _row(bench: Bench, syntax: Syntax, frames: int) -> Row:
    path = make_pixels.multi_frame(bench.folder / "gigabyte.dcm", syntax, frames)
    title = f"memory to iterate {size(path.stat().st_size)}, {frames:,} frames, {syntax.title}"
    row = Row(title, bar=f"< {size(LIMIT)} for the whole process", verdict=NOT_MEASURED)
    for name in (OURS, PYDICOM):
        if name not in bench.contenders.pixels:
            continue
        session = bench.contenders.pixels[name]
        session.close()
        try:
            cost = session.weigh("iterate", path, expected=frames)
        except PeerError as error:
            row.cells[name] = str(error)
            row.verdict = verdict(met=False) if name == OURS else row.verdict
            continue
        row.cells[name] = f"{size(cost.whole)} ({size(cost.resident)} more)"
        if name == OURS:
            row.verdict = verdict(met=cost.whole < LIMIT)
        session.close()
    path.unlink()
    return row
