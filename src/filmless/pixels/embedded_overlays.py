"""Overlays in bits of Pixel Data that hold no sample, as old files have them: taken out, so that they are not lost."""

from typing import Final

import numpy as np

from filmless.dataset import Dataset
from filmless.pixels.attributes import integer
from filmless.pixels.coded_stream import CodedStream
from filmless.pixels.decoding import Frames
from filmless.pixels.description import PixelDescription

__all__ = ["GROUPS", "embedded_bit", "take_overlays_out"]

GROUPS: Final = range(0x6000, 0x6020, 2)
"""In which overlays are (PS3.5 7.6)."""

_ROWS, _COLUMNS, _FRAMES = 0x0010, 0x0011, 0x0015
_FIRST_FRAME, _BITS_ALLOCATED, _BIT_POSITION, _DATA = 0x0051, 0x0100, 0x0102, 0x3000


def embedded_bit(ds: Dataset, group: int, description: PixelDescription) -> int | None:
    """Return which bit of each sample is the overlay of a repeating group; None when it has no such overlay.

    DICOM
    -----
    PS3.3 C.9.2 (2004); PS3.5 8.1.2
    """
    if (group, _BIT_POSITION) not in ds or ((group, _DATA) in ds and ds[group, _DATA].length):
        return None
    position = integer(ds, group << 16 | _BIT_POSITION, absent=-1)
    lowest = description.high_bit + 1 - description.bits_stored
    holds_sample = lowest <= position <= description.high_bit
    if holds_sample or not 0 <= position < description.bits_allocated:
        return None
    # One that is not in the pixel data has a bit of its own, and only lacks its data.
    is_in_samples = integer(ds, group << 16 | _BITS_ALLOCATED, absent=0) == description.bits_allocated
    single = description.samples == 1 and description.keyword == "PixelData"
    return position if is_in_samples and single else None


def take_overlays_out(ds: Dataset, frames: Frames, stream: CodedStream) -> None:
    """Give overlays that lie in bits of the samples an Overlay Data of their own.

    Parameters
    ----------
    ds
        Is changed.
    frames
        The pixel data that have the overlays.
    stream
        What the stream of a frame says. An overlay in bits that it has not, or not exactly, is nowhere: its group goes,
        so that nobody looks for it in the bits that are there when the samples are stored otherwise.

    DICOM
    -----
    PS3.3 C.9.2; PS3.5 8.1.2
    """
    bits = frames.description.bits_allocated if stream.precision is None else stream.precision
    for group in GROUPS:
        position = embedded_bit(ds, group, frames.description)
        if position is None:
            continue
        if position < bits and not stream.shows_loss:
            _move_to_overlay_data(ds, group, position, frames)
        else:
            for tag in [tag for tag in ds.keys() if tag >> 16 == group]:  # noqa: SIM118 - elements, not tags, come first
                del ds[tag]


def _move_to_overlay_data(ds: Dataset, group: int, position: int, frames: Frames) -> None:
    description = frames.description
    bits = [((frames.raw(frame) >> position) & 1).astype(bool).reshape(-1) for frame in range(len(frames))]
    data = np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    ds.add_new((group, _ROWS), "US", description.rows)
    ds.add_new((group, _COLUMNS), "US", description.columns)
    ds.add_new((group, _BITS_ALLOCATED), "US", 1)
    ds.add_new((group, _BIT_POSITION), "US", 0)
    if description.frames > 1:
        ds.add_new((group, _FRAMES), "IS", description.frames)
        ds.add_new((group, _FIRST_FRAME), "US", 1)
    ds.add_new((group, _DATA), "OW", data + b"\0" * (len(data) % 2))
