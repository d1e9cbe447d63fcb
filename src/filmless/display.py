"""Data sets as a person reads them: lines of text, and a table for notebooks."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from filmless.values import UID

if TYPE_CHECKING:
    from filmless._core import DataElement, Sequence
    from filmless.dataset import Dataset

_SHOWN = 100


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
    """Return the data set as an HTML table, with its picture when it has one."""
    head = "<tr><th>tag</th><th>VR</th><th>name</th><th>value</th></tr>"
    picture = ""
    if (png := _picture(dataset)) is not None:
        picture = f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" style="max-width:256px">'
    return f'{picture}<table style="text-align:left">{head}{"".join(_rows(dataset, 0))}</table>'


def _picture(dataset: Dataset) -> bytes | None:
    try:
        return dataset._repr_png_()
    except Exception:  # noqa: BLE001  a header is worth showing without its picture
        return None
