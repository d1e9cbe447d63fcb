"""The frames of a data set: where the bytes of each are, found without reading the others."""

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import FormatError, PixelError
from filmless.pixels.description import PixelDescription

__all__ = ["FrameIndex", "frame_index"]

_PIXEL_DATA = 0x7FE0_0010
_TAGS = {"PixelData": _PIXEL_DATA, "FloatPixelData": 0x7FE0_0008, "DoubleFloatPixelData": 0x7FE0_0009}
_MOST_FRAGMENTS = 1 << 24
_ITEM = b"\xfe\xff\x00\xe0"

Span = tuple[int, int]


class FrameIndex(Protocol):
    """Where frames are."""

    findings: list[Finding]

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes that hold a frame, and the bit of the first one that it begins with."""

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""


def frame_index(ds: Dataset, description: PixelDescription, family: str) -> FrameIndex:
    """Make the index of a data set's frames.

    Parameters
    ----------
    ds
        The data set.
    description
        How its samples are stored.
    family
        How they are coded, as the registry of transfer syntaxes names it.

    Raises
    ------
    PixelError
        There is no pixel data, or it does not hold the frames.

    DICOM
    -----
    PS3.5 8.1.1, A.4
    """
    if description.keyword not in ds:
        raise PixelError("there is no pixel data", tag=_PIXEL_DATA)
    element = ds[description.keyword]
    if family == "native" and not element.is_encapsulated:
        return NativeFrames(ds, description, element.length)
    return EncapsulatedFrames(ds, description.frames, _starts(family, description))


class NativeFrames:
    """Frames that follow each other without padding: their place is arithmetic."""

    def __init__(self, ds: Dataset, description: PixelDescription, length: int) -> None:
        self.findings: list[Finding] = []
        self._ds, self._description, self._length = ds, description, length
        # In big endian, samples of 8 bits and less stand in the wrong half of a word (OW).
        swapped = description.big_endian and description.bits_allocated <= 8
        self._words = swapped and ds[description.keyword].VR == "OW"

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes that hold a frame, and the bit of the first one that it begins with."""
        bits = self._description.frame_bits
        self.require(frame, frame)
        start, end = frame * bits // 8, ((frame + 1) * bits + 7) // 8
        tag = _TAGS[self._description.keyword]
        if not self._words:
            return _core.value_range(self._ds, tag, start, end), frame * bits % 8
        even = start // 2 * 2
        words = np.frombuffer(_core.value_range(self._ds, tag, even, (end + 1) // 2 * 2), dtype=np.uint8)
        swapped = words[: len(words) // 2 * 2].reshape(-1, 2)[:, ::-1].tobytes()
        return swapped[start - even : end - even], frame * bits % 8

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        bits = self._description.frame_bits
        end = ((last + 1) * bits + 7) // 8
        if end > self._length:
            message = f"pixel data has {self._length} bytes, expected {end}"
            raise PixelError(message, tag=_PIXEL_DATA, frame=max(first, self._length * 8 // bits))


class EncapsulatedFrames:
    """Frames in fragments: by the offset table when it is right, else by what the fragments begin with.

    DICOM
    -----
    PS3.5 A.4
    """

    def __init__(self, ds: Dataset, frames: int, starts: Callable[[bytes], bool]) -> None:
        self.findings: list[Finding] = []
        self._ds, self._frames, self._starts = ds, frames, starts
        self._length = ds["PixelData"].length
        self._spans: list[list[Span]] | None = None
        self._first, self._table = self._offset_table()

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes of a frame's fragments, put together."""
        if self._spans is None and self._table:
            found = self._by_table(frame)
            if found is not None:
                return found, 0
            self._note("offset-table", "offset table does not meet the fragments: they were counted off instead")
            self._table = []
        if self._spans is None:
            self._spans = self._scan()
        spans = self._spans[frame]
        return b"".join(self._range(start, start + length) for start, length in spans), 0

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        del first
        self.encoded(last)

    def _range(self, start: int, end: int) -> bytes:
        return _core.value_range(self._ds, _PIXEL_DATA, start, end)

    def _note(self, code: str, message: str) -> None:
        self.findings.append(Finding(code, _PIXEL_DATA, 0, message))

    def _offset_table(self) -> tuple[int, list[int]]:
        """Return where the first fragment's item is, and the offsets when there is one for each frame."""
        head = self._range(0, 8)
        if len(head) < 8 or head[:4] != _ITEM:
            raise PixelError("encapsulated pixel data has no items", tag=_PIXEL_DATA)
        size = int.from_bytes(head[4:], "little")
        extended = self._ds.get("ExtendedOffsetTable")
        if isinstance(extended, bytes) and size == 0:
            offsets = list(struct.unpack_from(f"<{len(extended) // 8}Q", extended))
        else:
            table = self._range(8, 8 + min(size, 4 * self._frames + 4))
            offsets = list(struct.unpack_from(f"<{len(table) // 4}I", table))
        first = 8 + size
        if not offsets:
            return first, []
        ascending = offsets[0] == 0 and all(left < right for left, right in pairwise(offsets))
        if len(offsets) == self._frames and ascending and first + offsets[-1] < self._length:
            return first, offsets
        self._note("offset-table", f"offset table is not one of {self._frames} ascending offsets from 0")
        return first, []

    def _by_table(self, frame: int) -> bytes | None:
        """Return a frame between its offset and the next; nothing when these are not items from end to end."""
        start = self._first + self._table[frame]
        is_last = frame + 1 == self._frames
        end = self._length if is_last else self._first + self._table[frame + 1]
        view = memoryview(self._range(start, end))
        parts, position = [], 0
        while position + 8 <= len(view) and bytes(view[position : position + 4]) == _ITEM:
            length = int.from_bytes(view[position + 4 : position + 8], "little")
            if position + 8 + length > len(view) and not is_last:
                return None
            parts.append(view[position + 8 : position + 8 + length])
            position += 8 + length
        if not parts or (position != len(view) and not is_last):
            return None
        return b"".join(parts)

    def _scan(self) -> list[list[Span]]:
        """Count the fragments off: all are the only frame's, or one is each frame's, or a frame's first one shows."""
        try:
            items, truncated = _core.fragments(self._ds, _PIXEL_DATA, _MOST_FRAGMENTS)
        except FormatError as error:
            raise PixelError(error.message, tag=_PIXEL_DATA) from error
        if truncated:
            self._note("fragment-truncated", "last fragment is longer than what is left of the pixel data")
        spans = items[1:]
        if self._frames == 1 and spans:
            return [spans]
        grouped = [[span] for span in spans]
        if len(spans) != self._frames:
            grouped = []
            for start, length in spans:
                if not grouped or self._starts(self._range(start, start + min(length, 16))):
                    grouped.append([])
                grouped[-1].append((start, length))
        if len(grouped) < self._frames:
            held = f"encapsulated pixel data holds {len(grouped)} of {self._frames} frames"
            raise PixelError(held, tag=_PIXEL_DATA, frame=len(grouped))
        if len(grouped) > self._frames:
            self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
        return grouped


def _starts(family: str, description: PixelDescription) -> Callable[[bytes], bool]:
    """Tell whether a fragment is the first of a frame, by what a stream of the family begins with."""
    if family == "rle":
        segments = description.samples * max(1, description.bits_allocated // 8)
        return lambda head: head[:8] == struct.pack("<II", segments, 64)
    magics = {
        "jpeg-2000": (b"\xff\x4f", b"\0\0\0\x0cjP"),
        "htj2k": (b"\xff\x4f", b"\0\0\0\x0cjP"),
        "jpeg-xl": (b"\xff\x0a", b"\0\0\0\x0cJXL "),
    }.get(family, (b"\xff\xd8",))
    return lambda head: head.startswith(magics)
