"""How results are shown: with rich on a terminal when it is there, plain otherwise, as Markdown on request."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NOT_MEASURED = "not measured"


@dataclass
class Row:
    """One line, ready to be shown."""

    task: str
    cells: dict[str, str] = field(default_factory=dict)
    to_pydicom: str = ""
    to_next_best: str = ""
    bar: str = ""
    verdict: str = ""


def verdict(*, met: bool) -> str:
    """How a bar that was measured is reported."""
    return "met" if met else "NOT MET"


def duration(seconds: float) -> str:
    """Three significant digits in the unit that fits."""
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}" if seconds * factor < 100 else f"{seconds * factor:.0f} {unit}"
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-4 else f"{seconds * 1e3:.3f} ms"


def size(count: int) -> str:
    """Bytes as KB, MB or GB."""
    factor, unit = (1e3, "KB") if count < 1e6 else (1e6, "MB") if count < 1e9 else (1e9, "GB")
    return f"{count / factor:.3g} {unit}"


def _lines(rows: Iterable[Row], names: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    heading = ["task", *names, "to pydicom", "to the next best", "bar", "verdict"]
    body = [
        [
            row.task,
            *(row.cells.get(name, "-") for name in names),
            row.to_pydicom,
            row.to_next_best,
            row.bar,
            row.verdict,
        ]
        for row in rows
    ]
    return heading, body


def show(rows: Sequence[Row], names: Sequence[str]) -> None:
    """Print the table to stdout."""
    heading, body = _lines(rows, names)
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        _show_plain(heading, body)
        return
    if not sys.stdout.isatty():
        _show_plain(heading, body)
        return
    table = Table(*heading, show_lines=True)
    for line in body:
        table.add_row(*line, style="red" if line[-1] == "NOT MET" else None)
    Console().print(table)


def _show_plain(heading: list[str], body: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heading, *body, strict=True)]
    for line in [heading, ["-" * width for width in widths], *body]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def markdown(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The same table as GitHub shows it."""
    heading, body = _lines(rows, names)
    lines = [heading, ["---"] * len(heading), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
