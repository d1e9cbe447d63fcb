"""What segments are called, and the colours they are drawn in."""

from typing import NamedTuple

import numpy as np

from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.pixels.cielab import cielab_to_rgb
from filmless.pixels.palette import palette_of

__all__ = ["PALETTE", "Look", "colours_of"]

# Bright on grey pictures, and told apart by people who do not see red or green: Okabe and Ito's, without black.
PALETTE = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


class Look(NamedTuple):
    """A segment's label and colour."""

    label: str
    colour: tuple[int, int, int]


def colours_of(seg: Dataset) -> dict[int, Look]:
    """Read the segments of a segmentation, by number; those without a colour get one.

    DICOM
    -----
    PS3.3 C.8.20.4, C.10.7.1.1
    """
    looks: dict[int, Look] = {}
    for place, item in enumerate(seg.get("SegmentSequence") or ()):
        number = item.get("SegmentNumber")
        if isinstance(number, int) and number not in looks:
            label = str(item.get("SegmentLabel") or f"segment {number}").strip()
            looks[number] = Look(label, _recommended(item) or PALETTE[place % len(PALETTE)])
    if seg.get("PhotometricInterpretation") == "PALETTE COLOR":
        numbers = np.array([number for number in looks if 0 <= number <= 0xFFFF], dtype=np.uint16)
        try:
            colours = palette_of(seg).of_8_bits().apply(numbers).tolist()
        except DicomError:
            return looks
        looks |= {
            int(number): Look(looks[int(number)].label, (red, green, blue))
            for number, (red, green, blue) in zip(numbers, colours, strict=True)
        }
    return looks


def _recommended(item: Dataset) -> tuple[int, int, int] | None:
    try:
        return cielab_to_rgb(item.get("RecommendedDisplayCIELabValue"))
    except (TypeError, ValueError):
        return None
