"""Memory of big files and of lies; time until hostile files are refused."""

from pathlib import Path
from statistics import median

from benchmarks import make_files
from benchmarks.contenders import OURS
from benchmarks.session import Memory, PeerError
from benchmarks.table import NOT_MEASURED, Row, duration, size, verdict

from . import Bench

MEGABYTE = 1_000_000
# The address space that interpreters and allocators reserve ahead is no allocation; 4 GB would show far above this.
RESERVED = 16 * MEGABYTE
AT_ONCE_S = 0.1


def big(bench: Bench) -> list[Row]:
    """Open a file of 2 GB, as the first file of a process and after another."""
    path = make_files.sparse(bench.folder / "sparse.dcm")
    first = _memory_row(bench, "memory to open 2 GB, first file of the process", "open", path)
    again = _memory_row(bench, "memory to open 2 GB, after a small file", "open", path, warm=True)
    path.unlink()
    return [first, again]


def lies(bench: Bench) -> list[Row]:
    """Open and touch 1 KB that declares 4 GB."""
    kinds = {"pixel data": (make_files.PIXEL_DATA, "OW"), "a sequence": (0x00081140, "SQ"), "text": (0x00081090, "UT")}
    rows = []
    for kind, (tag, vr) in kinds.items():
        path = make_files.lying(bench.folder / f"lying-{vr}.dcm", tag, vr)
        rows.append(_memory_row(bench, f"memory for 1 KB declaring 4 GB of {kind}", "whole", path, warm=True))
    return rows


def _memory_row(bench: Bench, title: str, task: str, path: Path, *, warm: bool = False) -> Row:
    row = Row(title, bar="< 1 MB", verdict=NOT_MEASURED)
    small = make_files.ct(bench.folder / "ct.dcm")
    for name, session in bench.contenders.sessions.items():
        try:
            session.close()
            if warm:
                session.ask("open", small, {})
            cost = session.weigh(task, path)
        except PeerError as error:
            row.cells[name] = str(error)
            row.verdict = verdict(met=False) if name == OURS else row.verdict
            continue
        row.cells[name] = size(cost.resident)
        if cost.address_space > max(RESERVED, 2 * cost.resident):
            row.cells[name] += f", {size(cost.address_space)} reserved"
        if name == OURS:
            row.verdict = verdict(met=_modest(cost))
    return row


def _modest(cost: Memory) -> bool:
    return cost.resident < MEGABYTE and cost.address_space < RESERVED


def nesting(bench: Bench) -> list[Row]:
    """100,000 sequences, one in the other."""
    path = make_files.nested(bench.folder / "nested.dcm")
    return [_refusal_row(bench, f"{make_files.NESTING:,} nested sequences", path, AT_ONCE_S)]


def bombs(bench: Bench) -> list[Row]:
    """2 MB that inflate to 2 GB; how soon they are refused depends on the limit, so no time is asked for."""
    path = make_files.bomb(bench.folder / "bomb.dcm")
    title = f"deflate bomb, {size(path.stat().st_size)} to {size(make_files.BOMB_SIZE)}"
    return [_refusal_row(bench, title, path, None)]


def _refusal_row(bench: Bench, title: str, path: Path, within_s: float | None) -> Row:
    """Peers once each, in a process of their own that may crash; filmless several times."""
    row = Row(title, bar="LimitError" + (f" in < {duration(within_s)}" if within_s else ""), verdict=NOT_MEASURED)
    for name, session in bench.contenders.sessions.items():
        session.close()
        outcome, seconds = "", []
        for _ in range(5 if name == OURS else 1):
            try:
                elapsed, _ = session.ask("whole", path, {})
                outcome = "accepted"
            except PeerError as error:
                outcome, elapsed = str(error).split(":")[0], error.seconds or 0.0
            seconds.append(elapsed)
        session.close()
        row.cells[name] = f"{outcome}, {duration(median(seconds))}" if any(seconds) else outcome
        if name == OURS:
            row.verdict = verdict(met=outcome == "LimitError" and (within_s is None or median(seconds) < within_s))
    return row
