"""Overlays: graphics that lie on a picture, and those of a data set's groups 6000 to 601E."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.pixels.attributes import integer, numbers, text
from filmless.pixels.decoding import Frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.embedded_overlays import GROUPS, embedded_bit

__all__ = ["GROUPS", "Overlay", "draw", "overlay_mask", "overlays_by_group", "overlays_of"]

# The elements of a group.
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _TYPE = 0x0010, 0x0011, 0x0015, 0x0022, 0x0040
_ORIGIN, _FRAME_ORIGIN, _LABEL, _DATA = 0x0050, 0x0051, 0x1500, 0x3000
_PRESENT = tuple((group, group << 16 | _ROWS, group << 16 | _DATA) for group in GROUPS)
_MOST_SIDE = 0xFFFF  # of an overlay: they are of US
_BLOCK_BITS = 1 << 23  # are unpacked at a time
_ROI_OPACITY = 0.3  # a region of interest is for looking at: what it covers stays visible


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

    def __post_init__(self) -> None:
        mask = np.asarray(self.mask)
        if mask.ndim != 2 or mask.dtype.kind not in "bf":
            raise ValueError(f"`mask` is {mask.dtype} of shape {mask.shape}, expected bool or float of two axes")
        parts: tuple[int, ...] = self.colour or (0, 0, 0)
        if len(parts) != 3 or not all(0 <= part <= 255 for part in parts):
            raise ValueError(f"`colour` is {self.colour}, expected red, green and blue, 0 to 255 each")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"`opacity` is {self.opacity}, expected 0 to 1")


def overlays_of(ds: Dataset, frame: int = 0) -> list[Overlay]:
    """Return the overlays that a data set has for a frame.

    Parameters
    ----------
    ds
        An image. Its overlays lie in Overlay Data, or, in old files, in bits of the pixel data that hold no sample.
    frame
        Which frame, from 0.

    Returns
    -------
    list of Overlay
        By group, each of the rows and columns of the image: what lies beside it is cut off. A region of interest
        (Overlay Type R) is translucent. Bits that are missing are not set.

    DICOM
    -----
    PS3.3 C.9.2, C.9.3; PS3.5 8.1.2

    Examples
    --------
    >>> from filmless import read
    >>> overlays_of(read("slice.dcm"))
    []
    """
    groups = [group for group, rows, data in _PRESENT if rows in ds or data in ds]
    if not groups:
        return []
    return list(overlays_by_group(ds, PixelDescription.of(ds), frame, groups).values())


def overlays_by_group(
    ds: Dataset, image: PixelDescription | tuple[int, int], frame: int, groups: Iterable[int]
) -> dict[int, Overlay]:
    """Return the overlays of these groups that a data set has for a frame.

    Parameters
    ----------
    ds
        An image or a presentation state.
    image
        How the pixels of the image are stored, which may hold overlays too; or its rows and columns alone.
    frame
        Which frame of the image, from 0.
    groups
        0x6000 to 0x601E.

    DICOM
    -----
    PS3.3 C.9.2
    """
    words = None
    if isinstance(image, PixelDescription):
        words, image = _Words(ds, image, frame), (image.rows, image.columns)
    rows, columns = image
    found = {}
    for group in groups:
        mask = overlay_mask(ds, group, rows, columns, frame=frame)
        if mask is None and words is not None:
            mask = words.embedded(group)
        if mask is not None:
            label = text(ds, group << 16 | _LABEL) or text(ds, group << 16 | _DESCRIPTION)
            opacity = _ROI_OPACITY if text(ds, group << 16 | _TYPE) == "R" else 1.0
            found[group] = Overlay(mask, opacity=opacity, label=label)
    return found


def overlay_mask(ds: Dataset, group: int, rows: int, columns: int, *, frame: int = 0) -> NDArray[np.bool_] | None:
    """Unpack the Overlay Data of a group onto a picture; None when there is none for this frame.

    Parameters
    ----------
    ds
        An image or a presentation state.
    group
        0x6000 to 0x601E.
    rows, columns
        Size of the picture.
    frame
        Which frame of the image, from 0.

    Returns
    -------
    NDArray or None
        Shape (rows, columns), bool.

    DICOM
    -----
    PS3.3 C.9.2, C.9.3; PS3.5 8.1.2
    """
    base = group << 16
    if base | _DATA not in ds or not ds[base | _DATA].length:
        return None
    height, width = integer(ds, base | _ROWS, absent=rows), integer(ds, base | _COLUMNS, absent=columns)
    plane = _plane(ds, base, frame)
    if plane is None or not (0 < height <= _MOST_SIDE and 0 < width <= _MOST_SIDE):
        return None
    origin = numbers(ds, base | _ORIGIN)
    top, left = (int(origin[0]) - 1, int(origin[1]) - 1) if len(origin) >= 2 else (0, 0)
    mask = np.zeros((rows, columns), dtype=np.bool_)
    # The part of the overlay that lies on the picture, in rows and columns of the overlay.
    first_row, last_row = max(0, -top), min(height, rows - top)
    first_column, last_column = max(0, -left), min(width, columns - left)
    if first_row >= last_row or first_column >= last_column:
        return mask
    # A few rows at a time, since an overlay can be far wider than the picture.
    step = max(1, _BLOCK_BITS // width)
    for row in range(first_row, last_row, step):
        start = (plane * height + row) * width
        bits = _bits(ds, base | _DATA, start, start + min(step, last_row - row) * width)
        there = math.ceil(len(bits) / width)  # rows: no more are made than there are bits for
        if not there:
            break
        if there * width > len(bits):
            bits = np.concatenate((bits, np.zeros(there * width - len(bits), dtype=np.bool_)))
        part = bits.reshape(there, width)[:, first_column:last_column]
        mask[top + row : top + row + there, left + first_column : left + last_column] = part
    return mask


def _plane(ds: Dataset, base: int, frame: int) -> int | None:
    """Return which frame of the overlay lies on a frame of the image: one that says nothing of frames lies on all."""
    if base | _FRAMES not in ds and base | _FRAME_ORIGIN not in ds:
        return 0
    frames = integer(ds, base | _FRAMES, absent=1)
    origin = integer(ds, base | _FRAME_ORIGIN, absent=1)
    plane = frame - (origin - 1)
    return plane if 0 <= plane < max(frames, 1) else None


def _bits(ds: Dataset, tag: int, start: int, end: int) -> NDArray[np.bool_]:
    """Unpack bits of an element; those behind its end are left out."""
    element = ds[tag]
    end = min(end, element.length * 8)
    if start >= end:
        return np.zeros(0, dtype=np.bool_)
    first = start // 16 * 2  # whole words, which big endian has turned round
    data = np.frombuffer(_core.value_range(ds, tag, first, -(-end // 16) * 2), dtype=np.uint8)
    if element.is_big_endian and element.VR == "OW":
        data = data[: len(data) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    return np.unpackbits(data, bitorder="little").view(np.bool_)[start - first * 8 : end - first * 8]


class _Words:
    """The pixel data of a frame with the bits that hold no sample, decoded when it is asked for."""

    def __init__(self, ds: Dataset, description: PixelDescription, frame: int) -> None:
        self._ds, self._description, self._frame = ds, description, frame
        self._samples: NDArray[Any] | None = None

    def embedded(self, group: int) -> NDArray[np.bool_] | None:
        """Return an overlay that lies in these bits (retired, PS3.3-2004 C.9.2); None when the group has none."""
        position = embedded_bit(self._ds, group, self._description)
        if position is None:
            return None
        if self._samples is None:
            self._samples = self._decoded()
        if self._samples is None:
            return None
        return np.asarray(self._samples >> position & 1, dtype=np.bool_)

    def _decoded(self) -> NDArray[Any] | None:
        """Decode without dropping unused bits; None when a lossy codec has, or the frame is not there."""
        row = _core.transfer_syntax(self._description.transfer_syntax)
        if row is None or not (row["lossless"] or not self._ds["PixelData"].is_encapsulated):
            return None
        try:
            return Frames(self._ds, as_rgb=False).raw(self._frame)
        except DicomError:
            return None  # whoever renders the frame hears of it


def draw(picture: NDArray[np.uint8], overlays: Iterable[Overlay]) -> NDArray[np.uint8]:
    """Draw overlays on a picture.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8. It stays as it is.
    overlays
        In the order in which they are drawn.

    Returns
    -------
    NDArray
        A new picture, or the same without overlays. A grey one stays grey while no overlay has a colour but greys.

    Raises
    ------
    ValueError
        An overlay has other rows and columns than the picture.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.zeros((2, 2), dtype=np.uint8)
    >>> draw(picture, [Overlay(np.array([[True, False], [False, False]]))]).tolist()
    [[255, 0], [0, 0]]
    """
    overlays = list(overlays)
    if not overlays:
        return picture
    for overlay in overlays:
        if not isinstance(overlay, Overlay):
            raise TypeError(f"`overlays` holds a {type(overlay).__name__}, expected Overlay: `Overlay(mask)` makes one")
    colours = [overlay.colour or (255, 255, 255) for overlay in overlays]
    grey = picture.ndim == 2 and all(len(set(colour)) == 1 for colour in colours)
    out = np.stack([picture] * 3, axis=-1) if picture.ndim == 2 and not grey else picture.copy()
    for overlay, colour in zip(overlays, colours, strict=True):
        mask = np.asarray(overlay.mask)
        if mask.shape != picture.shape[:2]:
            raise ValueError(f"overlay has shape {mask.shape}, expected that of the picture, {picture.shape[:2]}")
        planes = [out] if grey else [out[..., channel] for channel in range(3)]
        for plane, value in zip(planes, colour, strict=False):
            if mask.dtype == np.bool_ and overlay.opacity >= 1:
                np.copyto(plane, np.uint8(value), where=mask)
            else:
                _blend(plane, mask, value, overlay.opacity)
    return out


def _blend(plane: NDArray[np.uint8], mask: NDArray[Any], value: int, opacity: float) -> None:
    """Lay a grey or a component of a colour over a plane of a picture, in place, where a mask is and as strong."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    below, mask = plane[box], mask[box]
    if mask.dtype == np.bool_:
        # All that can lie below goes the long way once.
        table = np.arange(256, dtype=np.uint8)[np.newaxis]
        _blend(table, np.full(table.shape, opacity), value, 1.0)
        np.copyto(below, table[0][below], where=mask)
        return
    strength = np.clip(np.nan_to_num(mask.astype(np.float32) * opacity), 0, 1)
    below[...] = (below + (value - below.astype(np.float32)) * strength + 0.5).astype(np.uint8)
