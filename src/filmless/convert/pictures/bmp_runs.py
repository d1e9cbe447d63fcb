"""The run lengths of BMP, of 4 and 8 bits."""

import numpy as np
from numpy.typing import NDArray

from filmless.errors import ConversionError

__all__ = ["unpack_runs"]

_END_OF_ROW, _END_OF_PICTURE, _DELTA = 0, 1, 2


def unpack_runs(coded: bytes, columns: int, rows: int, depth: int) -> NDArray[np.uint8]:
    """Unpack runs to indices; those that no run says are 0.

    Parameters
    ----------
    coded
        Pairs of a count and a value, and escapes.
    columns, rows
        Of the picture.
    depth
        4 or 8 bits an index.

    Returns
    -------
    NDArray
        Shape (rows, columns), uint8, in the order they are stored in.

    Raises
    ------
    ConversionError
        The runs end before the picture does, or leave it.
    """
    picture = np.zeros((rows, columns), np.uint8)
    x = y = position = 0
    while position + 2 <= len(coded):
        count, value = coded[position], coded[position + 1]
        position += 2
        if count == 0 and value == _END_OF_PICTURE:
            return picture
        if count == 0 and value == _END_OF_ROW:
            x, y = 0, y + 1
            continue
        if count == 0 and value == _DELTA:
            if position + 2 > len(coded):
                break
            x, y = x + coded[position], y + coded[position + 1]
            position += 2
            continue
        if count:
            run = np.array([value] if depth == 8 else [value >> 4, value & 15], np.uint8)
            values = np.resize(run, count)
        else:
            count = value
            length = count if depth == 8 else (count + 1) // 2
            literal = np.frombuffer(coded[position : position + length], np.uint8)
            if len(literal) < length:
                break
            values = literal if depth == 8 else np.stack([literal >> 4, literal & 15], axis=-1).reshape(-1)[:count]
            position += length + length % 2
        if y >= rows:
            raise ConversionError("the runs of the BMP leave the picture")
        room = columns - x
        if room > 0:  # what is too much of a row is cut off, as everyone does
            picture[y, x : x + count] = values[:room]
        x += count
    if y >= rows or (y == rows - 1 and x >= columns):
        return picture  # only the mark of its end is missing
    raise ConversionError("the BMP ends early: its runs end before the picture does")
