"""Data sets as a person reads them: lines of text, and a table for notebooks."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from filmless.values import UID

if TYPE_CHECKING:
    from filmless._core import DataElement, Sequence
    from filmless.dataset import Dataset

_SHOWN = 100
#: Elements and items of a table: a notebook keeps what it shows.
_ROWS = 500


def render_value(element: DataElement, width: int = _SHOWN) -> str:
    """Return the value of an element as one short line."""
    if element.VR == "SQ":
        count = len(element.value)
        return f"{count} item{'' if count == 1 else 's'}"
    if element.is_bulk or element.VR in {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}:
        if element.length > 32 or element.is_encapsulated:
            return f"<{element.length:,} bytes>"
        return " ".join(f"{byte:02x}" for byte in element.raw)
    value = element.value
    text = element.text if element.VR in {"DS", "IS"} else None
    if text is None:
        text = "\\".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    if element.VR == "UI" and not isinstance(value, list) and UID(value).keyword:
        text += f"  {UID(value).name}"
    text = "".join(letter if letter.isprintable() else "·" for letter in text)
    return text if len(text) <= width else text[: width - 1] + "…"


def render_element(element: DataElement) -> str:
    """Return an element as one line: tag, representation, name, value."""
    return f"{element.tag} {element.VR} {element.name}: {render_value(element)}"


def render_sequence(sequence: Sequence) -> str:
    """Return a sequence as its items, a block each."""
    blocks = [f"item {number}\n" + "\n".join(lines(item, 1)) for number, item in enumerate(sequence, 1)]
    return "\n".join(blocks) or "Sequence()"


def lines(dataset: Dataset, depth: int) -> Iterator[str]:
    """Yield a line for each element and item, those inside items indented."""
    for element in dataset:
        yield "   " * depth + render_element(element)
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                yield "   " * (depth + 1) + f"item {number}"
                yield from lines(item, depth + 2)


def _rows(dataset: Dataset, depth: int) -> Iterator[str]:
    for element in dataset:
        cells = (str(element.tag), element.VR, element.name, render_value(element))
        indent = f' style="padding-left:{depth}em"'
        tds = "".join(f"<td{indent if not index else ''}>{html.escape(cell)}</td>" for index, cell in enumerate(cells))
        yield f"<tr>{tds}</tr>"
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                yield f'<tr><td colspan="4" style="padding-left:{depth + 1}em"><i>item {number}</i></td></tr>'
                yield from _rows(item, depth + 2)


def table(dataset: Dataset) -> str:
    """Return the data set as an HTML table of limited length, beside its picture when it has one. Never fails."""
    head = "<tr><th>tag</th><th>VR</th><th>name</th><th>value</th></tr>"
    rows = "".join(_limited(_rows(dataset, 0)))
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">{_figure(dataset)}'
        f'<div style="max-height:32em;overflow:auto"><table style="text-align:left">{head}{rows}</table></div></div>'
    )


def _limited(rows: Iterator[str]) -> Iterator[str]:
    """Yield rows until there are enough, or the file gives no more."""
    last = ""
    try:
        yield from islice(rows, _ROWS)
        if next(rows, None) is not None:
            last = "and more, <code>print(ds)</code> shows all"
    except Exception as error:  # noqa: BLE001  a file that went away leaves what was read before
        last = f"the rest cannot be read: {type(error).__name__}"
    if last:
        yield f'<tr><td colspan="4"><i>{last}</i></td></tr>'


def _figure(dataset: Dataset) -> str:
    png = dataset._repr_png_()
    if png is None:
        return ""
    picture = f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" style="max-width:256px">'
    count = dataset.get("NumberOfFrames")
    hint = ""
    if isinstance(count, int) and count > 1:
        others = "<code>filmless.pixels.render(ds, frame)</code>"
        hint = f"<figcaption>frame {count // 2} of 0 to {count - 1}; {others}</figcaption>"
    return f'<figure style="margin:0">{picture}{hint}</figure>'
