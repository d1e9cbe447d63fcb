"""``python -m benchmarks [task ...] [--rounds N] [--markdown]``: measure, print the table, or write it to docs/."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from . import machine, table
from .contenders import HEADERS, PIXELS, ROOT, Field, LineUp, field
from .session import ELAPSED, PROCESSOR
from .table import Table
from .tasks import (
    Bench,
    Task,
    associations,
    associations_memory,
    conversion,
    crowds,
    decoding,
    export,
    finding,
    growth,
    importing,
    limits,
    rendering,
    serving,
    speed,
    streaming,
    transcoding,
    viewing,
)

_HEADER_TASKS: dict[str, Task] = {
    "tags": speed.tags,
    "touched": speed.touched,
    "enhanced": speed.enhanced,
    "json": speed.json,
    "rewrite": speed.rewrite,
    "folder": speed.folder,
    "import": importing.imports,
    "memory": limits.big,
    "lies": limits.lies,
    "nesting": limits.nesting,
    "bomb": limits.bombs,
}
_PIXEL_TASKS: dict[str, Task] = {
    "decode": decoding.decode_ct,
    "mammogram": decoding.decode_mammogram,
    "threads": decoding.threads,
    "frame": decoding.single_frame,
    "render": rendering.render,
    "export": export.export,
    "transcode": transcoding.transcode,
    "iterate": streaming.iterate,
}
_CONVERSION_TASKS: dict[str, Task] = {"convert": conversion.convert}
_SERVER_TASKS: dict[str, Task] = {
    "serve": serving.serving,
    "serve-memory": serving.memory,
    "serve-growth": growth.growth,
}
_DIMSE_TASKS: dict[str, Task] = {
    "dimse": associations.dimse,
    "dimse-find": finding.finding,
    "dimse-memory": associations_memory.memory,
    "dimse-crowds": crowds.crowds,
}
_VIEWER_TASKS: dict[str, Task] = {"view": viewing.viewing}
TASKS = _HEADER_TASKS | _PIXEL_TASKS | _CONVERSION_TASKS | _SERVER_TASKS | _DIMSE_TASKS | _VIEWER_TASKS
PAGE = ROOT / "docs" / "benchmarks.md"
_HERE = Path(__file__).parent


def main() -> None:
    """Parse the arguments, measure, show."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="filmless against its peers")
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"one or more of: {', '.join(TASKS)} (all)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a task is measured for (default: 15)")
    parser.add_argument(
        "--processor",
        action="store_true",
        help="count processor time where a contender times itself: for a machine that is busy with other things",
    )
    parser.add_argument("--markdown", action="store_true", help=f"write {PAGE.relative_to(ROOT)} as well")
    arguments = parser.parse_args()
    if unknown := set(arguments.tasks) - set(TASKS):
        parser.error(f"unknown task: {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    if arguments.markdown and arguments.tasks:
        parser.error("--markdown writes the whole page: it goes with all tasks, not with some")
    if arguments.markdown and arguments.processor:
        parser.error("--markdown is for elapsed times, measured on a machine that does nothing else")
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    names = arguments.tasks or list(TASKS)
    clock = PROCESSOR if arguments.processor else ELAPSED
    ram = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="filmless-bench-", dir=ram) as folder, field(clock) as contenders:
        bench = Bench(contenders, Path(folder), arguments.rounds)
        tables = [
            _measured(bench, "Files and headers", _HEADER_TASKS, HEADERS, names),
            _measured(bench, "Pixels", _PIXEL_TASKS, PIXELS, names),
            _measured(bench, "Conversion", _CONVERSION_TASKS, PIXELS, names),
            _measured(bench, "The archive", _SERVER_TASKS, HEADERS, names),
            _measured(bench, "DIMSE", _DIMSE_TASKS, HEADERS, names),
            _measured(bench, "The viewer", _VIEWER_TASKS, HEADERS, names),
        ]
    if arguments.processor:
        print("processor time: threads are added up, and nothing here says how long anyone waits")
    about = _about(contenders, arguments.rounds, "a RAM disk" if ram else "the temporary folder: no RAM disk here")
    for each in tables:
        table.show(each)
    print("\n" + about + "\n" + _notes())
    if arguments.markdown:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(_page(tables, about), encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")


def _measured(bench: Bench, title: str, tasks: Mapping[str, Task], line_up: LineUp, wanted: Sequence[str]) -> Table:
    rows = []
    for name, task in tasks.items():
        if name in wanted:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            rows += task(bench)
    given = {label for row in rows for label in row.cells} - {importing.INTERPRETER}
    columns = [name for name in line_up.names if name in given]
    return Table(title, rows, columns + sorted(given.difference(columns)))


def _about(contenders: Field, rounds: int, place: str) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in contenders.versions.items())
    lines = [
        f"- Machine: {machine.describe()}",
        f"- Contenders: {versions}",
        f"- Warm cache, files in {place}; {rounds} interleaved rounds: medians, and medians of the rounds' ratios.",
    ]
    lines += [f"- Missing: {name}: {why}" for name, why in contenders.missing.items()]
    return "\n".join(lines) + "\n"


def _notes() -> str:
    return (_HERE / "notes.md").read_text(encoding="utf-8")


def _page(tables: Iterable[Table], about: str) -> str:
    start = "# Benchmarks\n\nWritten by `make bench BENCH=--markdown`; do not edit.\n\n"
    shown = "".join(f"\n## {each.title}\n\n{table.markdown(each)}" for each in tables)
    return start + about + shown + "\n## What is measured\n\n" + _notes()


if __name__ == "__main__":
    main()
