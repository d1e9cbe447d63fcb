"""A picture in the cells of a terminal: two pixels in each, or a letter where there are no colours."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from filmless.cli.screen import Colours

__all__ = ["ascii_lines", "block_lines"]

_UPPER = "▀"
_RESET = "\x1b[0m"
#: From dark to light: how much of its cell a letter covers.
_LETTERS = np.array(list(" .:-=+*#%@"))
_LEVELS = (0, 95, 135, 175, 215, 255)
#: Colours 16 to 255 of a terminal: a cube, then greys.
_PALETTE = np.array(
    [(red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS]
    + [(8 + 10 * step,) * 3 for step in range(24)],
    dtype=np.int32,
)


def block_lines(picture: NDArray[np.uint8], colours: Colours) -> Iterator[str]:
    """Yield a line for every two rows of a picture: half blocks, the upper row in front, the lower one behind.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8: a pixel for each half of a cell.
    colours
        ``"true"`` for 24 bits, ``"256"`` for the nearest of a terminal's palette.
    """
    codes = _codes(picture, colours)
    for row in range(0, len(codes), 2):
        lower = codes[row + 1] if row + 1 < len(codes) else [""] * len(codes[row])
        yield _line(codes[row], lower)


def _line(upper: list[str], lower: list[str]) -> str:
    parts = []
    front = back = ""
    for above, below in zip(upper, lower, strict=True):
        # A colour is said when it changes: most of a line is black, or the same.
        if below != back:
            parts.append(f"\x1b[48;{below}m" if below else "\x1b[49m")
            back = below
        if above == below:
            parts.append(" ")
            continue
        if above != front:
            parts.append(f"\x1b[38;{above}m")
            front = above
        parts.append(_UPPER)
    return "".join([*parts, _RESET])


def _codes(picture: NDArray[np.uint8], colours: Colours) -> list[list[str]]:
    """Return how each pixel's colour is named behind 38; or 48;."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    if colours == "true":
        return [[f"2;{red};{green};{blue}" for red, green, blue in row] for row in rgb.tolist()]
    different, places = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
    nearest = np.empty(len(different), dtype=np.int64)
    for start in range(0, len(different), 4096):
        part = different[start : start + 4096, None].astype(np.int32)
        nearest[start : start + 4096] = ((part - _PALETTE) ** 2).sum(axis=2).argmin(axis=1) + 16
    return [[f"5;{number}" for number in row] for row in nearest[places.reshape(rgb.shape[:2])]]


def ascii_lines(picture: NDArray[np.uint8]) -> Iterator[str]:
    """Yield a line of letters for every two rows of a picture, the more of a cell covered the lighter its pixels."""
    grey = picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])
    pairs = np.concatenate([grey, grey[-1:]]) if len(grey) % 2 else grey
    mean = np.rint(pairs.reshape(-1, 2, grey.shape[1]).mean(axis=1))
    for row in _LETTERS[(mean / 256 * len(_LETTERS)).astype(np.int64)]:
        yield "".join(row).rstrip()
