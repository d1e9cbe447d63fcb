"""Frames in fragments: by the offset table when it is right, else by what the fragments begin and end with."""

import struct
from array import array
from collections.abc import Iterator
from itertools import pairwise
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.description import PixelDescription

__all__ = ["EncapsulatedFrames", "FragmentRanges"]

_PIXEL_DATA = 0x7FE0_0010
_MOST_FRAGMENTS = 1 << 22
_ITEM = b"\xfe\xff\x00\xe0"

# What the stream of a frame begins with, as far as 8 bytes show it. The families that are not here show nothing.
_STARTS: dict[str, tuple[bytes, ...]] = {
    "jpeg": (b"\xff\xd8\xff",),
    "jpeg-lossless": (b"\xff\xd8\xff",),
    "jpeg-ls": (b"\xff\xd8\xff",),
    "jpeg-2000": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP"),
    "htj2k": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP"),
    "jpeg-xl": (b"\xff\x0a", b"\0\0\0\x0cJXL"),
}
# And those whose last bytes are an end marker, but for padding.
_END = b"\xff\xd9"
_ENDED = {"jpeg", "jpeg-lossless", "jpeg-ls", "jpeg-2000", "htj2k"}

_READ_WITH_HEAD = 4096  # bytes of an offset table that are read together with the head of its item

_AT_ONCE = 4096  # fragments that are put together at a time: an object for each of millions takes more than they do

Spans = NDArray[np.uint64]
"""Offset and length of each fragment: shape (n, 2)."""


class FragmentRanges(NamedTuple):
    """Where the fragments of all frames are in the value of the pixel data."""

    spans: Spans
    firsts: NDArray[np.intp]  # where in them each frame begins, and where the last ends
    frames: int  # as many as are there
    is_stream: bool  # all are every frame's

    def of(self, frame: int) -> Spans:
        """Return those of a frame."""
        place = 0 if self.is_stream else frame
        return self.spans[self.firsts[place] : self.firsts[place + 1]]


class EncapsulatedFrames:
    """Frames in fragments.

    DICOM
    -----
    PS3.5 A.4; PS3.3 C.7.6.3.1.8 (extended offset table)
    """

    def __init__(self, ds: Dataset, description: PixelDescription, family: str, length: int) -> None:
        self.findings: list[Finding] = []
        self._ds, self._description, self._family, self._length = ds, description, family, length
        self._frames = description.frames
        if family == "rle":
            segments = description.samples * description.sample_bytes
            self._starts: tuple[bytes, ...] = (struct.pack("<II", segments, 64),)
        else:
            self._starts = _STARTS.get(family, ())
        self._lock = Lock()
        # What threads see of these is final: the table is in use until the fragments were counted off instead.
        self._grouped: FragmentRanges | None = None
        self._trusted = False
        self._lengths: tuple[int, ...] = ()
        self._first, self._table = (0, ()) if family == "video" else self._offset_table()

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes of a frame's fragments, put together; of a video the whole stream, for any frame."""
        table, grouped = self._table, self._grouped
        if table and grouped is None:
            found = self._by_table(frame, table)
            if found is not None:
                return found, 0
        grouped = self._counted_off()
        if frame >= grouped.frames:
            raise self._missing(grouped.frames, frame)
        data = self._read(grouped.of(frame))
        if self._family == "native":
            self._require_plain(len(data), frame)
        return data, 0

    def ranges(self) -> FragmentRanges:
        """Return the fragments of all frames that are there: what `encoded` reads, found without reading it.

        Raises
        ------
        PixelError
            There is none, or what is there is no frame.
        """
        found = self._ranges_by_table(self._table) if self._table and self._grouped is None else None
        if found is None:
            found = self._counted_off()
        if self._family == "native":
            spans, firsts, frames, _ = found
            lengths = np.append(0, spans[:, 1].cumsum(dtype=np.uint64))
            for frame, length in enumerate(np.diff(lengths[firsts]).tolist()):
                self._require_plain(length, frame)
            if not frames:
                raise self._missing(0, 0)
        return found

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        if self._table and self._grouped is None:
            return
        there = self._counted_off().frames
        if last >= there:
            raise self._missing(there, max(first, there))

    def _missing(self, there: int, frame: int) -> PixelError:
        message = f"encapsulated pixel data holds {there} of {self._frames} frames"
        return PixelError(message, tag=_PIXEL_DATA, frame=frame)

    def _range(self, start: int, end: int) -> bytes:
        return _core.value_range(self._ds, _PIXEL_DATA, start, end)

    def _read(self, spans: Spans) -> bytes:
        """Return fragments that follow each other, put together: read at once with the headers between them."""
        base, end = int(spans[0, 0]), int(spans[-1].sum())
        data = self._range(base, end)
        return (
            data if len(spans) == 1 else _put_together(memoryview(data), spans - np.array((base, 0), dtype=np.uint64))
        )

    def _note(self, code: str, message: str) -> None:
        self.findings.append(Finding(code, _PIXEL_DATA, 0, message))

    # -- offset tables -------------------------------------------------------------------------------------------

    def _offset_table(self) -> tuple[int, tuple[int, ...]]:
        """Return where the first fragment's item is, and the offsets when there is one for each frame."""
        most = 4 * self._frames + 4  # one for each frame and one more: enough to see whether there are too many
        head = self._range(0, 8 + min(most, _READ_WITH_HEAD))
        if len(head) < 8 or head[:4] != _ITEM:
            raise PixelError("encapsulated pixel data has no items", tag=_PIXEL_DATA)
        size = int.from_bytes(head[4:8], "little")
        first = 8 + size
        offsets: tuple[int, ...]
        extended = self._ds.get("ExtendedOffsetTable")
        if isinstance(extended, bytes) and extended:
            offsets = struct.unpack_from(f"<{min(len(extended) // 8, self._frames + 1)}Q", extended)
            lengths = self._ds.get("ExtendedOffsetTableLengths")
            if isinstance(lengths, bytes):
                self._lengths = struct.unpack_from(f"<{min(len(lengths) // 8, self._frames)}Q", lengths)
        else:
            table = head[8 : 8 + size] if min(size, most) <= len(head) - 8 else self._range(8, 8 + min(size, most))
            offsets = struct.unpack_from(f"<{len(table) // 4}I", table)
        if not offsets:
            return first, ()
        if len(offsets) != self._frames:
            number = "more" if len(offsets) > self._frames else "fewer"
            self._note("offset-table", f"offset table has {number} offsets than there are frames")
            if len(offsets) < self._frames:
                return first, ()
            offsets = offsets[: self._frames]
        ascending = offsets[0] == 0 and all(left < right for left, right in pairwise(offsets))
        if ascending and first + offsets[-1] < self._length:
            return first, offsets
        self._note("offset-table", "offsets of the table do not ascend from 0 inside the pixel data")
        return first, ()

    def _by_table(self, frame: int, table: tuple[int, ...]) -> bytes | None:
        """Return a frame between its offset and the next; nothing when these are not items from end to end."""
        start = self._first + table[frame]
        is_last = frame + 1 == self._frames
        end = self._length if is_last else self._first + table[frame + 1]
        view = memoryview(self._range(start, end + 16))  # with the head of the next frame
        next_head, view = view[end - start + 8 :], view[: end - start]
        numbers, position = array("Q"), 0
        while position + 8 <= len(view) and view[position : position + 4] == _ITEM:
            length = int.from_bytes(view[position + 4 : position + 8], "little")
            if position + 8 + length > len(view):
                if not is_last:
                    return None
                length = len(view) - position - 8
            numbers.extend((position + 8, length))
            position += 8 + length
        if not numbers or (position != len(view) and not is_last):
            return None
        spans = np.frombuffer(numbers, dtype=np.uint64).reshape(-1, 2)
        if is_last and len(spans) > 1 and self._starts:
            spans = self._of_last(view, spans)
        data = _put_together(view, spans)
        is_odd = self._starts and not (self._begins(data) and (is_last or self._begins(next_head)))
        if is_odd and not self._trusts_table():
            return None
        return data[: self._lengths[frame]] if len(spans) == 1 and frame < len(self._lengths) else data

    def _ranges_by_table(self, table: tuple[int, ...]) -> FragmentRanges | None:
        """Return what `_by_table` reads, of all frames; nothing when a frame is to be counted off."""
        numbers, heads, _, _ = _core.fragments(self._ds, _PIXEL_DATA, _MOST_FRAGMENTS)
        spans = np.frombuffer(numbers, dtype=np.uint64).reshape(-1, 2)[1:].copy()
        places = np.array(table, dtype=np.uint64) + np.uint64(self._first + 8)
        firsts = np.searchsorted(spans[:, 0], places)
        if firsts[-1] >= len(spans) or (spans[firsts, 0] != places).any():
            return None
        starting = self._starting(spans[:, 1], np.frombuffer(heads, dtype=np.uint8).reshape(-1, 8)[1:])
        if self._starts and not starting[firsts].all() and not self._trusts_table():
            return None
        last = int(firsts[-1])
        if self._starts and len(spans) - last > 1:
            # As in `_of_last`: what begins anew behind the end of the last frame is another one.
            anew = starting[last + 1 :] & (self._ending(spans[last:-1]) if self._family in _ENDED else True)
            if anew.any():
                self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
                spans = spans[: last + 1 + int(anew.argmax())]
        firsts = np.append(firsts, len(spans))
        for frame, length in enumerate(self._lengths):
            if firsts[frame + 1] - firsts[frame] == 1:
                spans[firsts[frame], 1] = min(length, int(spans[firsts[frame], 1]))
        return FragmentRanges(spans, firsts, self._frames, is_stream=False)

    def _trusts_table(self) -> bool:
        """Tell whether the table is right all the same: when counting the fragments off does not give the frames.

        Streams that begin as none of their family does are nothing to count by: the table is more then.
        """
        with self._lock:
            if not self._trusted and self._grouped is None:
                grouped = self._scan()
                if grouped.frames == self._frames:
                    self._give_table_up(grouped)
                else:
                    self._trusted = True
            return self._grouped is None

    def _begins(self, head: bytes | memoryview) -> bool:
        """Tell whether a stream begins here, as far as the bytes go."""
        head = bytes(head[:8])
        if head.startswith(self._starts):
            return True
        return 1 < len(head) < 8 and any(start.startswith(head) for start in self._starts)

    def _of_last(self, view: memoryview, spans: Spans) -> Spans:
        """Leave out what a table with too many or a wrong number of frames puts behind the last frame."""
        ended = False
        for index, (start, length) in enumerate(_numbers(spans)):
            if index and self._begins(view[start : start + min(length, 8)]) and (ended or self._family not in _ENDED):
                self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
                return spans[:index]
            ended = bytes(view[start + max(0, length - 4) : start + length]).rstrip(b"\0").endswith(_END)
        return spans

    def _give_table_up(self, grouped: FragmentRanges) -> None:
        """Go by the fragments from now on; the lock is held."""
        if self._table:
            message = "offset table does not meet the frames: their fragments were counted off instead"
            self._note("offset-table", message)
        self._grouped = grouped
        self._table = ()

    # -- counting off --------------------------------------------------------------------------------------------

    def _counted_off(self) -> FragmentRanges:
        """Return the fragments of each frame that is there, found once."""
        with self._lock:
            if self._grouped is None:
                self._give_table_up(self._scan())
            assert self._grouped is not None  # noqa: S101 - it was given one
            return self._grouped

    def _scan(self) -> FragmentRanges:
        numbers, heads, truncated, stray = _core.fragments(self._ds, _PIXEL_DATA, _MOST_FRAGMENTS)
        if not numbers:
            raise PixelError("encapsulated pixel data has no items", tag=_PIXEL_DATA)
        if stray is not None:
            self._note("stray-fragment", "something else stands among the fragments where an item has to begin")
        elif truncated:
            self._note("fragment-truncated", "last fragment is longer than what is left of the pixel data")
        spans = np.frombuffer(numbers, dtype=np.uint64).reshape(-1, 2)[1:]
        if self._family == "video":
            return FragmentRanges(spans, np.array([0, len(spans)]), self._frames if len(spans) else 0, is_stream=True)
        spans, firsts = self._cut(spans, np.frombuffer(heads, dtype=np.uint8).reshape(-1, 8)[1:])
        if len(firsts) > self._frames:
            self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
        ends = np.append(firsts, len(spans))[: self._frames + 1]
        return FragmentRanges(spans, ends, len(ends) - 1, is_stream=False)

    def _cut(self, spans: Spans, heads: NDArray[np.uint8]) -> tuple[Spans, NDArray[np.intp]]:
        """Give each frame its fragments: one each, all to the only one, or from each that begins a stream on.

        Returns the fragments that count, and which of them are the first of a frame.
        """
        starts, has_bytes = self._starting(spans[:, 1], heads), spans[:, 1] > 0
        one_each = spans, np.arange(len(spans))
        if len(spans) == self._frames and (starts.all() or not starts.any()):
            return one_each
        if not starts.any():
            if self._frames == 1:
                return spans, np.arange(min(len(spans), 1))
            count = int(has_bytes.sum())
            return (spans[has_bytes], np.arange(count)) if count == self._frames else one_each
        starts, spans = starts[has_bytes], spans[has_bytes]
        after_end = np.append(True, self._ending(spans)[:-1])
        begins = starts & after_end
        # A thumbnail in a stream begins as one does, and a fragment may end with what looks like an end by chance:
        # what tells as many frames as there have to be is believed, and first what both say.
        firsts = next((way for way in (begins, starts, after_end) if way.sum() == self._frames), begins)
        firsts[0] = True
        return spans, np.flatnonzero(firsts)

    def _starting(self, lengths: NDArray[np.uint64], heads: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell of each fragment whether a stream begins with it, as far as its bytes go."""
        found = np.zeros(len(heads), dtype=np.bool_)
        for start in self._starts:
            sought = np.frombuffer(start, dtype=np.uint8)
            found |= (heads[:, : len(start)] == sought).all(axis=1)
            for size in range(2, len(start)):
                found |= (lengths == size) & (heads[:, :size] == sought[:size]).all(axis=1)
        return found

    def _ending(self, spans: Spans) -> NDArray[np.bool_]:
        """Tell of each fragment whether it ends as a stream does, but for padding."""
        if self._family not in _ENDED:
            return np.ones(len(spans), dtype=np.bool_)
        tails = np.frombuffer(_core.fragment_tails(self._ds, _PIXEL_DATA, spans.tobytes()), dtype=np.uint8)
        tails, end = tails.reshape(-1, 4), np.frombuffer(_END, dtype=np.uint8)
        found = np.zeros(len(tails), dtype=np.bool_)
        for at in range(3):
            found |= (tails[:, at : at + 2] == end).all(axis=1) & ~tails[:, at + 2 :].any(axis=1)
        return found

    def _require_plain(self, length: int, frame: int) -> None:
        """Raise when a frame in fragments, under a transfer syntax that has none, is not of plain samples."""
        expected = (self._description.frame_bits + 7) // 8
        if length not in (expected, expected + expected % 2):
            message = f"pixel data is in fragments under an uncompressed transfer syntax, and has {length} bytes"
            raise PixelError(f"{message} for the frame, expected {expected}", tag=_PIXEL_DATA, frame=frame)


def _numbers(spans: Spans) -> Iterator[list[int]]:
    for at in range(0, len(spans), _AT_ONCE):
        yield from spans[at : at + _AT_ONCE].tolist()


def _put_together(view: memoryview, spans: Spans) -> bytes:
    """Join what lies in a view."""
    parts = (spans[at : at + _AT_ONCE].tolist() for at in range(0, len(spans), _AT_ONCE))
    return b"".join([b"".join([view[start : start + length] for start, length in some]) for some in parts])
