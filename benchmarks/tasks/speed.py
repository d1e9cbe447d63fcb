"""Reading, decoding, JSON, writing and indexing."""

from pathlib import Path

from benchmarks import encode, make_files
from benchmarks.contenders import DICOMSDL, OURS, PYDICOM
from benchmarks.harness import NEXT_BEST, Bar, race
from benchmarks.request import TWELVE, TWENTY
from benchmarks.table import Row

from . import Bench

CT_ELEMENTS = encode.count(make_files.ct_header())


def _everyone(
    bench: Bench,
    title: str,
    task: str,
    path: Path,
    expected: int | None,
    *bars: Bar,
    attributes: dict[str, int] | None = None,
    only: tuple[str, ...] | None = None,
    others: dict[str, tuple[str, str]] | None = None,
) -> Row:
    """Race all (or ``only`` some) at one task; ``others`` are further entries: label to contender and task."""
    entries = {name: (name, task) for name in bench.contenders.sessions if only is None or name in only}
    entries |= {label: entry for label, entry in (others or {}).items() if entry[0] in bench.contenders.sessions}
    timers = {
        label: bench.timer(name, its_task, path, attributes or {}, expected)
        for label, (name, its_task) in entries.items()
    }
    return race(title, timers, rounds=bench.rounds).row(*bars)


def tags(bench: Bench) -> list[Row]:
    """Open a CT and read 20 attributes."""
    path = make_files.ct(bench.folder / "ct.dcm")
    bars = (Bar(PYDICOM, 25), Bar(NEXT_BEST, 5))
    return [_everyone(bench, "open + 20 tags", "tags", path, len(TWENTY), *bars, attributes=TWENTY)]


def touched(bench: Bench) -> list[Row]:
    """Open a CT and decode everything."""
    path = make_files.ct(bench.folder / "ct.dcm")
    pixels = "open + every element, pixel data too"
    return [
        _everyone(bench, "open + every element", "touch", path, CT_ELEMENTS, Bar(PYDICOM, 30)),
        _everyone(bench, pixels, "touch_pixels", path, CT_ELEMENTS + 1, only=(OURS, PYDICOM, DICOMSDL)),
    ]


def enhanced(bench: Bench) -> list[Row]:
    """Decode everything in an enhanced MR."""
    expected = encode.count(make_files.enhanced_mr_header())
    rows = []
    for kind, undefined in (("defined", False), ("undefined", True)):
        path = make_files.enhanced_mr(bench.folder / f"mr-{kind}.dcm", undefined=undefined)
        title = f"enhanced MR, every element, {kind} lengths"
        rows.append(_everyone(bench, title, "touch", path, expected, Bar(PYDICOM, 60)))
    return rows


def json(bench: Bench) -> list[Row]:
    """Open a CT and make DICOM JSON of its header."""
    path = make_files.ct(bench.folder / "ct.dcm")
    return [_everyone(bench, "open + to_json", "json", path, 1, Bar(PYDICOM, 50))]


def rewrite(bench: Bench) -> list[Row]:
    """Open a CT, change its patient ID, write it."""
    path = make_files.ct(bench.folder / "ct.dcm")
    write_only = f"{DICOMSDL} (write only)"
    bars = (Bar(PYDICOM, 8), Bar(write_only, 0.5))
    others = {write_only: (DICOMSDL, "write")}
    row = _everyone(bench, "read + change + write a CT", "rewrite", path, 1, *bars, others=others)
    for name in bench.contenders.sessions:
        suffix = name.lower().removesuffix(" c++")
        if name not in row.cells or _is_changed(path, Path(f"{path}.{suffix}")):
            continue
        row.cells[name] += ", but wrong file"
    return [row]


def _is_changed(source: Path, written: Path) -> bool:
    """Whether a rewritten file has the new patient ID and all of the pixels."""
    if not written.exists():
        return False
    content, pixels = written.read_bytes(), source.read_bytes()[-512 * 512 * 2 :]
    return b"CHANGED-42" in content and content.endswith(pixels)


def folder(bench: Bench) -> list[Row]:
    """Index a folder of CT slices."""
    paths = make_files.folder(bench.folder / "folder")
    listing = bench.folder / "folder.txt"
    listing.write_text("".join(f"{path}\n" for path in paths))
    return [
        _everyone(
            bench,
            f"index {len(paths)} files, 12 attributes, one thread",
            "index",
            listing,
            len(TWELVE) * len(paths),
            Bar(PYDICOM, 50),
            Bar(DICOMSDL, 2.5),
            attributes=TWELVE,
            others={f"{OURS} (all threads)": (OURS, "index_parallel")},
        )
    ]
