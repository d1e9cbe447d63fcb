"""A picture in the cells of a terminal: two pixels in each, or a letter where there are no colours."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from filmless.cli.screen import Colours

__all__ = ["ascii_lines", "block_lines"]

Numbers = NDArray[np.int64]
Codes = NDArray[np.uint8]
Code = Callable[[Numbers], Codes]

#: From dark to light: how much of its cell a letter covers.
_LETTERS = np.array(list(" .:-=+*#%@"))
_LEVELS = np.array((0, 95, 135, 175, 215, 255))  # of a terminal's cube of colours, 16 to 231
_GREYS = 8 + 10 * np.arange(24)  # and of its greys behind that
_NEAREST_LEVEL = np.abs(np.arange(256)[:, None] - _LEVELS).argmin(axis=1)
_NEAREST_GREY = np.abs(np.arange(3 * 255 + 1)[:, None] - 3 * _GREYS).argmin(axis=1)  # by the sum of three
#: The decimal digits of each byte, with NUL where there are fewer than three.
_DIGITS = np.array([list(f"{value}".encode().ljust(3, b"\0")) for value in range(256)], dtype=np.uint8)
_FRONT, _BACK, _UPPER, _SPACE = (
    np.frombuffer(text.encode(), dtype=np.uint8) for text in ("\x1b[38;", "\x1b[48;", "▀", " ")
)
_RESET = "\x1b[0m"


def block_lines(picture: NDArray[np.uint8], colours: Colours) -> Iterator[str]:
    """Yield a line for every two rows of a picture: half blocks, the upper row in front, the lower one behind.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8: a pixel for each half of a cell.
    colours
        ``"true"`` for 24 bits, ``"256"`` for the nearest of a terminal's palette.
    """
    number, code = (_numbers_true, _code_true) if colours == "true" else (_numbers_256, _code_256)
    for row in range(0, len(picture), 2):
        yield _line(code, *(number(pixels) for pixels in picture[row : row + 2]))


def _line(code: Code, upper: Numbers, lower: Numbers | None = None) -> str:
    """Write a line of cells; without a lower row the terminal's own background is behind.

    Each cell has room for all that may have to be said of it, NUL where nothing has: that is left out at the end.
    """
    room = len(_FRONT) + code(upper[:1]).shape[1]
    line = np.zeros((len(upper), 2 * room + len(_UPPER)), dtype=np.uint8)
    drawn = np.arange(len(upper))
    if lower is not None:
        # A colour is said when it changes: most of a line is black, or the same.
        said = _changes(lower)
        line[said, :room] = _sgr(_BACK, code(lower[said]))
        drawn = np.flatnonzero(upper != lower)
    line[:, -len(_UPPER)] = _SPACE
    line[drawn, -len(_UPPER) :] = _UPPER
    said = drawn[_changes(upper[drawn])]
    line[said, room:-3] = _sgr(_FRONT, code(upper[said]))
    return line.tobytes().translate(None, b"\0").decode() + _RESET


def _changes(numbers: Numbers) -> Numbers:
    """Return where a colour is another than the one before."""
    return np.flatnonzero(np.diff(numbers, prepend=-1))


def _sgr(start: Codes, codes: Codes) -> Codes:
    return np.concatenate([np.broadcast_to(start, (len(codes), len(start))), codes], axis=1)


def _numbers_true(pixels: NDArray[np.uint8]) -> Numbers:
    """Return each colour as 24 bits."""
    if pixels.ndim == 1:
        return np.asarray(pixels * np.int64(0x01_01_01))
    return np.asarray(pixels @ np.array((1 << 16, 1 << 8, 1)))


def _code_true(numbers: Numbers) -> Codes:
    """Name colours as behind 38; or 48;: 2;red;green;blue and the m, in bytes."""
    codes = np.full((len(numbers), 14), ord(";"), dtype=np.uint8)
    codes[:, 0], codes[:, 13] = ord("2"), ord("m")
    codes[:, 2:5] = _DIGITS[numbers >> 16]
    codes[:, 6:9] = _DIGITS[numbers >> 8 & 255]
    codes[:, 10:13] = _DIGITS[numbers & 255]
    return codes


def _numbers_256(pixels: NDArray[np.uint8]) -> Numbers:
    """Return the nearest colour of a terminal's palette for each."""
    if pixels.ndim == 1:
        pixels = np.repeat(pixels[:, None], 3, axis=1)
    rgb = pixels.astype(np.int64)
    # The nearest of the cube is the nearest of each channel, the nearest grey the one nearest to their mean.
    steps = _NEAREST_LEVEL[rgb]
    grey = _NEAREST_GREY[rgb.sum(axis=1)]
    off_cube = ((rgb - _LEVELS[steps]) ** 2).sum(axis=1)
    off_grey = ((rgb - _GREYS[grey][:, None]) ** 2).sum(axis=1)
    return np.asarray(np.where(off_grey < off_cube, 232 + grey, 16 + steps @ np.array((36, 6, 1))))


def _code_256(numbers: Numbers) -> Codes:
    """Name colours: 5;number and the m."""
    codes = np.full((len(numbers), 6), ord(";"), dtype=np.uint8)
    codes[:, 0], codes[:, 5] = ord("5"), ord("m")
    codes[:, 2:5] = _DIGITS[numbers]
    return codes


def ascii_lines(picture: NDArray[np.uint8]) -> Iterator[str]:
    """Yield a line of letters for every two rows of a picture, the more of a cell covered the lighter its pixels."""
    grey = picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])
    pairs = np.concatenate([grey, grey[-1:]]) if len(grey) % 2 else grey
    mean = np.rint(pairs.reshape(-1, 2, grey.shape[1]).mean(axis=1))
    for row in _LETTERS[(mean / 256 * len(_LETTERS)).astype(np.int64)]:
        yield "".join(row).rstrip()
