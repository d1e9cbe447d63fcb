"""Pens, brushes and fonts, and those in stock; [MS-EMF] 2.2, 2.1.31."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["STOCK", "Brush", "Font", "Palette", "Pen", "RegionObject", "rgb_of"]

Colour = tuple[int, int, int]


def rgb_of(colorref: int, palette: tuple[Colour, ...] = ()) -> Colour:
    """Return the colour of a ColorRef: red lowest; a palette index when the highest byte is 1."""
    if colorref >> 24 == 1 and (colorref & 0xFFFF) < len(palette):
        return palette[colorref & 0xFFFF]
    return colorref & 255, colorref >> 8 & 255, colorref >> 16 & 255


@dataclass(frozen=True, slots=True)
class Pen:
    """What lines are drawn with; widths and dashes are logical, in a cosmetic pen pixels."""

    style: int = 0
    width: float = 0.0
    colour: Colour = (0, 0, 0)
    geometric: bool = False
    dashes: tuple[float, ...] = ()
    is_patterned: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it draws nothing."""
        return self.style & 15 == 5


@dataclass(frozen=True, slots=True, eq=False)
class Brush:
    """What areas are filled with.

    Parameters
    ----------
    kind
        ``"solid"``, ``"null"``, ``"hatched"``, ``"pattern"`` or ``"mono"``.
    pattern
        Shape (rows, columns, 3), uint8; of a mono brush (rows, columns), True where the background shows.
    """

    kind: str = "solid"
    colour: Colour = (255, 255, 255)
    hatch: int = 0
    pattern: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class Font:
    """A logical font; ``escapement`` in radians counterclockwise."""

    height: float = 0.0
    width: float = 0.0
    escapement: float = 0.0
    weight: int = 400
    italic: bool = False
    underline: bool = False
    strikeout: bool = False
    charset: int = 0
    face: str = "System"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by number."""

    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RegionObject:
    """Rectangles in device units: left, top, right, bottom; WMF has regions as objects."""

    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))


_GREYS = {0: 255, 1: 192, 2: 128, 3: 64, 4: 0, 18: 255}

STOCK: dict[int, Pen | Brush | Font | Palette] = {
    **{number: Brush("solid", (grey, grey, grey)) for number, grey in _GREYS.items()},
    5: Brush("null"),
    6: Pen(colour=(255, 255, 255)),
    7: Pen(),
    8: Pen(style=5),
    19: Pen(),
    **{number: Font(height=16, face="Courier New") for number in (10, 11, 16)},
    **{number: Font(height=16, face="Arial") for number in (12, 13, 14, 17)},
    15: Palette(),
}
"""[MS-EMF] 2.1.31 StockObject, without its highest bit."""
