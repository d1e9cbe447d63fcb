"""Frames as native pixel data: the value of the element that holds them all."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import UnsupportedError
from filmless.pixels.description import PixelDescription
from filmless.pixels.parallel import each, threads_for

__all__ = ["native_value"]

_LONGEST_VALUE = 0xFFFF_FFFE


def native_value(
    description: PixelDescription, samples: Callable[[int], NDArray[Any]], threads: int | None = None
) -> bytes:
    """Lay frames out as native pixel data: little endian, by pixel, one behind the other, padded to even length.

    Parameters
    ----------
    description
        What is written.
    samples
        Gives the samples of a frame.
    threads
        How many frames are worked on at a time.

    Raises
    ------
    UnsupportedError
        It is longer than an element can be.

    DICOM
    -----
    PS3.5 8.1.1, D
    """
    bits, count = description.frame_bits, description.frames
    length = (bits * count + 7) // 8
    length += length % 2
    if length > _LONGEST_VALUE:
        message = f"uncompressed pixel data of {length} bytes are too long for an element, at most {_LONGEST_VALUE}"
        raise UnsupportedError(message, tag=0x7FE0_0010, hint="an encapsulated transfer syntax holds more")
    out = np.zeros(length, dtype=np.uint8)
    single = description.bits_allocated == 1
    step = 8 if single else 1  # eight frames of single bits end with a byte, whatever their size

    def fill(unit: int) -> None:
        chunk = [samples(frame) for frame in range(unit * step, min(count, (unit + 1) * step))]
        if single:
            joined = np.concatenate([frame.reshape(-1) for frame in chunk])
            data = np.packbits(joined.astype(bool), bitorder="little")
        else:
            little = np.ascontiguousarray(chunk[0], dtype=description.dtype.newbyteorder("<"))
            data = little.reshape(-1).view(np.uint8)
        start = unit * step * bits // 8
        out[start : start + data.size] = data

    each(fill, range((count + step - 1) // step), threads_for(description.decoded_bytes * description.frames, threads))
    return out.tobytes()
