"""Where the frames of an instance are in its file, kept at ingest: ``/frames`` reads ranges and parses nothing."""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import DicomError, FormatError, NotFoundError
from filmless.pixels.description import described
from filmless.pixels.fragment_index import EncapsulatedFrames
from filmless.pixels.frame_index import NativeFrames, frame_index

__all__ = ["FrameMap"]

# What it is packed as: this, and for frames in fragments the numbers of `_Fragments`.
_HEAD: Final = struct.Struct("<BBHQQQ")
_NATIVE, _FRAGMENTS, _STREAM, _UNREADABLE, _IN_FRAGMENTS = range(5)
_WIDE, _UNEVEN, _SEVERAL = 1, 2, 4
_ITEM_HEAD: Final = 8


@dataclass(frozen=True, slots=True)
class FrameMap:
    """Byte ranges of frames. One that was unpacked looks up a frame without reading the others.

    Attributes
    ----------
    count
        How many frames are there, whatever Number of Frames says.
    """

    count: int
    _kind: int
    _flags: int
    _base: int  # where in the file offsets count from
    _size: int  # native: bits of a frame; else ranges
    _table: memoryview

    @classmethod
    def of(cls, ds: Dataset) -> "FrameMap | None":
        """Make it from a data set that was read from a file; None without pixel data.

        DICOM
        -----
        PS3.5 8.1.1, A.4; PS3.3 C.7.6.3.1.8
        """
        _, _, (tag, _, length, encapsulated, big_endian), _ = _core.pixel_attributes(ds)
        if not tag or not (length or encapsulated):
            return None
        count = 1
        try:
            description, stored = described(ds)
            index = frame_index(ds, description, stored)
            offset = ds[tag].offset
            deflated = _is_deflated(description.transfer_syntax)
            if isinstance(index, NativeFrames):
                count = min(description.frames, length * 8 // description.frame_bits) or 1
                index.require(0, count - 1)
                if offset is not None and not deflated and not big_endian:
                    return cls(count, _NATIVE, 0, offset, description.frame_bits, _NOTHING)
            elif isinstance(index, EncapsulatedFrames):
                ranges = index.ranges()
                count = min(ranges.frames, length) or 1
                if offset is not None and not deflated and ranges.frames:
                    kind = _STREAM if ranges.is_stream else _FRAGMENTS
                    return _of_fragments(count, kind, offset, ranges.spans, ranges.firsts)
            return cls(count, _IN_FRAGMENTS if encapsulated else _UNREADABLE, 0, 0, 0, _NOTHING)
        except DicomError:  # who asks for the frame is told why there is none
            return cls(count, _IN_FRAGMENTS if encapsulated else _UNREADABLE, 0, 0, 0, _NOTHING)

    @property
    def is_readable(self) -> bool:
        """Whether frames are ranges of the file; else it has to be opened (deflated, big endian, damaged)."""
        return self._kind in (_NATIVE, _FRAGMENTS, _STREAM)

    @property
    def is_encapsulated(self) -> bool:
        """Whether frames are in fragments: of the media type of their transfer syntax, else of plain samples."""
        return self._kind in (_FRAGMENTS, _STREAM, _IN_FRAGMENTS)

    @property
    def is_stream(self) -> bool:
        """Whether all frames are one stream, as those of a video are: the ranges of any frame are those of all."""
        return self._kind == _STREAM

    def first_bit(self, frame: int) -> int:
        """Return the bit of the first byte that a frame begins with: of single bits it is not always 0.

        DICOM
        -----
        PS3.5 8.1.1
        """
        return frame * self._size % 8 if self._kind == _NATIVE else 0

    @property
    def bits(self) -> int:
        """Bits of a frame that is not in fragments; 0 of others."""
        return self._size if self._kind == _NATIVE else 0

    def of_frame(self, frame: int) -> list[tuple[int, int]]:
        """Return offset and length of each range of a frame, counted from 0; nothing when it is not readable.

        Raises
        ------
        NotFoundError
            There is no such frame.
        """
        if not 0 <= frame < self.count:
            raise NotFoundError(f"there is no frame {frame + 1}, the instance has {self.count}")
        if not self.is_readable:
            return []
        if self._kind == _NATIVE:
            start, end = frame * self._size // 8, ((frame + 1) * self._size + 7) // 8
            return [(self._base + start, end - start)]
        place = 0 if self._kind == _STREAM else frame
        first, last = place, place + 1
        if self._flags & _SEVERAL:
            width = self._width * self._size * (2 if self._flags & _UNEVEN else 1) + self._width
            first, last = struct.unpack_from("<II", self._table, width + 4 * place)
        return [self._range(number) for number in range(first, last)]

    @property
    def _width(self) -> int:
        return 8 if self._flags & _WIDE else 4

    def _range(self, number: int) -> tuple[int, int]:
        letter = "Q" if self._flags & _WIDE else "I"
        start, following = struct.unpack_from(f"<{letter}{letter}", self._table, self._width * number)
        if not self._flags & _UNEVEN:  # items that follow each other: a length is what is left of the way to the next
            return self._base + start, following - start - _ITEM_HEAD
        (length,) = struct.unpack_from(f"<{letter}", self._table, self._width * (self._size + 1 + number))
        return self._base + start, length

    def pack(self) -> bytes:
        """Return it as bytes for the index: 28 for plain frames, and 4 more for each fragment."""
        return _HEAD.pack(self._kind, self._flags, 1, self.count, self._base, self._size) + self._table

    @classmethod
    def unpack(cls, data: bytes) -> "FrameMap":
        """Make it again from what `pack` gave.

        Raises
        ------
        FormatError
            It is not of this version.
        """
        if len(data) < _HEAD.size:
            raise FormatError("the index has no frame map of this version", hint="run `filmless archive rebuild`")
        kind, flags, version, count, base, size = _HEAD.unpack_from(data)
        if version != 1 or kind > _IN_FRAGMENTS:
            raise FormatError("the index has no frame map of this version", hint="run `filmless archive rebuild`")
        return cls(count, kind, flags, base, size, memoryview(data)[_HEAD.size :])


_NOTHING: Final = memoryview(b"")


def _is_deflated(transfer_syntax: str) -> bool:
    row = _core.transfer_syntax(transfer_syntax)
    return row is not None and row["deflated"]


def _of_fragments(count: int, kind: int, offset: int, spans: NDArray[np.uint64], firsts: NDArray[np.intp]) -> FrameMap:
    starts, lengths = spans[:, 0], spans[:, 1]
    ends = starts + lengths
    flags = 0
    if (starts[1:] != ends[:-1] + np.uint64(_ITEM_HEAD)).any():
        flags |= _UNEVEN
    if int(ends.max()) + _ITEM_HEAD >= 1 << 32:
        flags |= _WIDE
    if len(firsts) != len(spans) + 1 or (firsts != np.arange(len(firsts))).any():
        flags |= _SEVERAL
    dtype = "<u8" if flags & _WIDE else "<u4"
    parts = [starts.astype(dtype), (ends[-1:] + np.uint64(_ITEM_HEAD)).astype(dtype)]
    if flags & _UNEVEN:
        parts.append(lengths.astype(dtype))
    if flags & _SEVERAL:
        parts.append(firsts.astype("<u4"))
    table = b"".join(part.tobytes() for part in parts)
    return FrameMap(count, kind, flags, offset, len(spans), memoryview(table))
