"""Where things are on a page: a heading, pictures in rows and columns with their captions, the number of the page.

All lengths are points, from the lower left corner of the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from filmless.convert.out.pdf_captions import Caption
from filmless.convert.out.pdf_text import Fonts
from filmless.errors import ConversionError

__all__ = ["Layout", "Page", "Place", "layouts"]

_MARGIN = 34.0
_GAP = 9.0  # between pictures
_TITLE, _VALUE, _LABEL, _SMALL = 15.0, 9.5, 6.5, 7.0  # sizes of type
_LEAST = 1.0  # that a picture has
_BETWEEN = 20.0  # captions of a line
_LINE = 24.0  # of captions with labels
_GREY, _PALE = 0.42, 0.75
_NAME = "PatientName"


class Place(NamedTuple):
    """Where a picture is."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """What is the same for all pages.

    Parameters
    ----------
    paper
        Width and height of an upright page.
    columns, rows
        Of pictures.
    has_captions
        Whether there is text at all.
    """

    paper: tuple[float, float]
    columns: int
    rows: int
    has_captions: bool

    @property
    def cells(self) -> int:
        """Pictures on a page."""
        return self.columns * self.rows

    def pixels(self, dpi: float) -> tuple[int, int]:
        """Return rows and columns that a picture of the largest cell has, whichever way the page is turned."""
        longer = max(self.paper) - 2 * _MARGIN
        return max(1, round(longer / self.rows / 72 * dpi)), max(1, round(longer / self.columns / 72 * dpi))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its size, its heading as operators, and the room for pictures."""

    width: float
    height: float
    heading: str
    room: Place
    columns: int
    rows: int
    caption_height: float

    @property
    def has_room(self) -> bool:
        """Whether the text leaves room for pictures."""
        return min(self._cell) >= _LEAST

    @property
    def _cell(self) -> tuple[float, float]:
        width = (self.room.width - _GAP * (self.columns - 1)) / self.columns
        height = (self.room.height - _GAP * (self.rows - 1)) / self.rows
        return width, height - self.caption_height

    def scale(self, proportion: float) -> float:
        """Return how high a picture can be, by which pages are compared."""
        width, height = self._cell
        return min(height, width / proportion)

    def place(self, index: int, proportion: float) -> Place:
        """Return where a picture goes, centred in its cell; alone on its page it is under the heading."""
        width, height = self._cell
        row, column = divmod(index, self.columns)
        shown_height = min(height, width / proportion)
        shown_width = shown_height * proportion
        left = self.room.x + column * (width + _GAP)
        top = self.room.y + self.room.height - row * (height + self.caption_height + _GAP)
        below = 0.0 if self.rows == self.columns == 1 else (height - shown_height) / 2
        return Place(left + (width - shown_width) / 2, top - below - shown_height, shown_width, shown_height)

    def caption(self, fonts: Fonts, index: int, place: Place, captions: Sequence[Caption]) -> str:
        """Return what is written under a picture."""
        width, _ = self._cell
        text = fonts.fitting(" \N{MIDDLE DOT} ".join(one.short for one in captions), _SMALL, width)
        cell = self.room.x + index % self.columns * (width + _GAP)
        # Under a narrow picture a long text is centred in the cell.
        long = fonts.width(text, _SMALL)
        left = place.x if long <= place.width else cell + (width - long) / 2
        return fonts.draw(text, left, place.y - _SMALL - 2.0, _SMALL, grey=0.15)

    def number(self, fonts: Fonts, text: str) -> str:
        """Return the number of the page."""
        left = self.width - _MARGIN - fonts.width(text, _SMALL)
        return fonts.draw(text, left, _MARGIN - 16.0, _SMALL, grey=_GREY)


def layouts(layout: Layout, fonts: Fonts | None, heading: Sequence[Caption], *, has_own: bool) -> list[Page]:
    """Give the page upright and turned, where there is room for pictures.

    Raises
    ------
    ConversionError
        There is none on either.
    """
    pages = [page for page in _turned(layout, fonts, heading, has_own=has_own) if page.has_room]
    if not pages:
        message = "the captions leave no room for the pictures of a page"
        raise ConversionError(message, hint="fewer `captions`, or fewer columns and rows of the `sheet`")
    return pages


def _turned(layout: Layout, fonts: Fonts | None, heading: Sequence[Caption], *, has_own: bool) -> Iterator[Page]:
    for width, height in (layout.paper, layout.paper[::-1]):
        drawn, used = ("", 0.0) if fonts is None or not heading else _heading(fonts, heading, width, height)
        room = Place(_MARGIN, _MARGIN, width - 2 * _MARGIN, height - 2 * _MARGIN - used)
        yield Page(width, height, drawn, room, layout.columns, layout.rows, _SMALL + 5.0 if has_own else 0.0)


def _heading(fonts: Fonts, captions: Sequence[Caption], width: float, height: float) -> tuple[str, float]:
    """Return what is written above the pictures, and its height."""
    room, top = width - 2 * _MARGIN, height - _MARGIN
    y, out = top, []
    rest = list(captions)
    if rest[0].keyword == _NAME:
        y -= _TITLE
        out.append(fonts.draw(fonts.fitting(rest.pop(0).text, _TITLE, room), _MARGIN, y, _TITLE))
        y -= 7.0
    x, is_begun = _MARGIN, False
    for caption in rest:
        text = fonts.fitting(caption.text, _VALUE, room)
        needed = max(fonts.width(text, _VALUE), fonts.width(caption.label, _LABEL))
        if is_begun and x + needed > _MARGIN + room:
            x, y = _MARGIN, y - _LINE
        is_begun = True
        out.append(fonts.draw(caption.label, x, y - _LABEL, _LABEL, grey=_GREY))
        out.append(fonts.draw(text, x, y - _LABEL - _VALUE - 1.5, _VALUE))
        x += needed + _BETWEEN
    y -= _LINE if is_begun else 0.0
    out.append(f"{_PALE} G 0.6 w {_MARGIN:.2f} {y:.2f} m {_MARGIN + room:.2f} {y:.2f} l S\n")
    return "".join(out), top - y + 10.0
