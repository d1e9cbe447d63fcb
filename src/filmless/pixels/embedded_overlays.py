"""Overlays in bits of Pixel Data that hold no sample, as old files have them: taken out, so that they are not lost."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.pixels.description import PixelDescription

__all__ = ["embedded_overlays", "move_to_overlay_data"]

_ROWS, _COLUMNS, _FRAMES = 0x0010, 0x0011, 0x0015
_FIRST_FRAME, _BITS_ALLOCATED, _BIT_POSITION, _DATA = 0x0051, 0x0100, 0x0102, 0x3000


def embedded_overlays(ds: Dataset, description: PixelDescription) -> Iterator[tuple[int, int]]:
    """Go through the repeating groups whose overlay is a bit of each sample: group number and bit.

    DICOM
    -----
    PS3.3 C.9.2 (2004); PS3.5 8.1.2
    """
    lowest = description.high_bit + 1 - description.bits_stored
    for group in range(0x6000, 0x6020, 2):
        if (group, _BIT_POSITION) not in ds or (group, _DATA) in ds:
            continue
        position = ds[group, _BIT_POSITION].value
        if not isinstance(position, int) or not 0 <= position < description.bits_allocated:
            continue
        if not lowest <= position <= description.high_bit:
            yield group, position


def move_to_overlay_data(
    ds: Dataset, group: int, position: int, description: PixelDescription, raw: Callable[[int], NDArray[Any]]
) -> None:
    """Give an overlay its own Overlay Data.

    Parameters
    ----------
    ds
        Is changed.
    group, position
        Where the overlay is, as `embedded_overlays` says.
    description
        How the samples are stored.
    raw
        Gives the samples of a frame with all their bits.

    DICOM
    -----
    PS3.3 C.9.2; PS3.5 8.1.2
    """
    bits = [((raw(frame) >> position) & 1).astype(bool).reshape(-1) for frame in range(description.frames)]
    data = np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    ds.add_new((group, _ROWS), "US", description.rows)
    ds.add_new((group, _COLUMNS), "US", description.columns)
    ds.add_new((group, _BITS_ALLOCATED), "US", 1)
    ds.add_new((group, _BIT_POSITION), "US", 0)
    if description.frames > 1:
        ds.add_new((group, _FRAMES), "IS", description.frames)
        ds.add_new((group, _FIRST_FRAME), "US", 1)
    ds.add_new((group, _DATA), "OW", data + b"\0" * (len(data) % 2))
