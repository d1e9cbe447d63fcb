"""How results are shown: with rich on a terminal when it is there, plain otherwise, as Markdown on request."""

import sys
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


@dataclass
class Table:
    """The lines of one kind, and whom they have a column for."""

    title: str
    rows: list[Row]
    names: list[str]


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


def _lines(table: Table) -> tuple[list[str], list[list[str]]]:
    heading = ["task", *table.names, "to pydicom", "to the next best", "bar", "verdict"]
    body = [
        [
            row.task,
            *(row.cells.get(name, "-") for name in table.names),
            row.to_pydicom,
            row.to_next_best,
            row.bar,
            row.verdict,
        ]
        for row in table.rows
    ]
    return heading, body


def show(table: Table) -> None:
    """Print the table to stdout; nothing when it has no lines."""
    if not table.rows:
        return
    heading, body = _lines(table)
    try:
        from rich.console import Console
        from rich.table import Table as RichTable
    except ImportError:
        _show_plain(heading, body)
        return
    if not sys.stdout.isatty():
        _show_plain(heading, body)
        return
    shown = RichTable(*heading, show_lines=True, title=table.title)
    for line in body:
        shown.add_row(*line, style="red" if line[-1] == "NOT MET" else None)
    Console().print(shown)


def _show_plain(heading: list[str], body: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heading, *body, strict=True)]
    for line in [heading, ["-" * width for width in widths], *body]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def markdown(table: Table) -> str:
    """The same table as GitHub shows it."""
    heading, body = _lines(table)
    lines = [heading, ["---"] * len(heading), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
