"""Overlays: graphics that lie on a picture."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["Overlay"]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A layer to draw on a picture of the same rows and columns.

    Attributes
    ----------
    mask
        Shape (rows, columns): bool, or float from 0 to 1 for a layer that is stronger in places.
    colour
        Red, green, blue, 0 to 255 each; None draws white on grey pictures, which so stay grey.
    opacity
        0 to 1.
    label
        What it shows.
    """

    mask: NDArray[Any]
    colour: tuple[int, int, int] | None = None
    opacity: float = 1.0
    label: str = ""
