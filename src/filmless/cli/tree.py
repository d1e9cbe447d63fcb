"""A data set as lines for a person: tag, representation, length, name, value, items indented."""

import sys
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from filmless.cli.reporting import printable
from filmless.dataset import DataElement, Dataset
from filmless.display import render_value

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Line", "lines", "printer"]

_INDENT = 2
_LENGTH_WIDTH = 8
_NAME_WIDTH = 38
_BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}


class Line(NamedTuple):
    """One line: an element, or a heading (of a file, an item) that has a name only."""

    depth: int
    name: str
    tag: str = ""
    vr: str = ""
    length: str = ""
    value: str = ""


def lines(
    dataset: Dataset, *, tags: Collection[int] = (), width: int | None = None, long: bool = False, depth: int = 0
) -> Iterator[Line]:
    """Go through a data set.

    Parameters
    ----------
    dataset
        The data set.
    tags
        Keep these elements with all that is in them, and the sequences that lead to them; everything when empty.
    width
        How much of a value can be of use.
    long
        Give also texts and lists of numbers above 4 KiB.
    depth
        How far to indent.
    """
    for element in dataset:
        wanted = not tags or element.tag in tags
        is_sequence = element.VR == "SQ"
        if not wanted and not (is_sequence and _holds(element, tags)):
            continue
        yield _line(element, depth, width, long)
        if is_sequence:
            for number, item in enumerate(element.value):
                inner = () if wanted else tags
                yield Line(depth + 1, f"[{number}]")  # as `filmless edit` names it
                yield from lines(item, tags=inner, width=width, long=long, depth=depth + 2)


def printer(*, long: bool) -> tuple[Callable[[Line], None], int | None]:
    """Return what writes a line to stdout, and how wide a line may be: coloured and cut on a terminal, plain elsewhere.

    Parameters
    ----------
    long
        Wrap lines on a terminal rather than cut them.
    """
    if not sys.stdout.isatty():
        return lambda line: _write(_plain(line)), None
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)

    def write(line: Line) -> None:
        if long:
            console.print(_styled(line), soft_wrap=True)
        else:
            console.print(_styled(line), no_wrap=True, overflow="ellipsis", crop=True)

    return write, None if long else console.width


def _holds(sequence: DataElement, tags: Collection[int]) -> bool:
    return any(element.tag in tags for item in sequence.value for element in item.walk())


def _line(element: DataElement, depth: int, width: int | None, long: bool) -> Line:
    length = "undef" if element.is_undefined_length else str(element.length)
    value = _whole(element) if long and element.is_bulk else render_value(element, width or sys.maxsize)
    return Line(depth, element.name, str(element.tag), element.VR, length, value)


def _whole(element: DataElement) -> str:
    """Return a value that is longer than what is kept in memory; bytes stay a number of bytes."""
    if element.VR in _BINARY or element.VR == "SQ":
        return render_value(element)
    value = element.value
    text = "\\".join(map(str, value)) if isinstance(value, list) else str(value)
    return printable(text)


def _columns(line: Line) -> tuple[str, str, str, str, str, str]:
    """Return the texts of a line, padded; headings have the name only."""
    indent = " " * (_INDENT * line.depth)
    if not line.tag:
        return indent, "", "", "", printable(line.name), ""
    name = f"{printable(line.name):<{_NAME_WIDTH}}" if line.value else line.name
    return (
        indent,
        f"{line.tag} ",
        f"{line.vr} ",
        f"{line.length:>{_LENGTH_WIDTH}}  ",
        name,
        line.value and f"  {line.value}",
    )


def _plain(line: Line) -> str:
    return "".join(_columns(line))


def _styled(line: Line) -> "Text":
    from rich.text import Text

    indent, tag, vr, length, name, value = _columns(line)
    name_style = "" if line.tag else "bold"
    return Text.assemble(indent, (tag, "cyan"), (vr, "magenta"), (length, "dim"), (name, name_style), (value, "green"))


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
