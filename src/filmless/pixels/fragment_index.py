"""Frames in fragments: by the offset table when it is right, else by what the fragments begin and end with."""

import struct
from itertools import pairwise
from threading import Lock

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.description import PixelDescription

__all__ = ["EncapsulatedFrames"]

_PIXEL_DATA = 0x7FE0_0010
_MOST_FRAGMENTS = 1 << 24
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

Span = tuple[int, int]


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
        self._spans: list[list[Span]] | None = None
        self._lengths: tuple[int, ...] = ()
        self._trusted = False
        self._first, self._table = (0, ()) if family == "video" else self._offset_table()

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes of a frame's fragments, put together; of a video the whole stream, for any frame."""
        if self._spans is None and self._table:
            found = self._by_table(frame)
            if found is not None:
                return found, 0
            self._give_table_up()
        spans = self._found()
        if frame >= len(spans):
            raise self._missing(len(spans), frame)
        data = self._joined(spans[frame])
        if self._family == "native":
            self._require_plain(data, frame)
        return data, 0

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        if self._spans is None and self._table:
            return
        there = len(self._found())
        if last >= there:
            raise self._missing(there, max(first, there))

    def _missing(self, there: int, frame: int) -> PixelError:
        message = f"encapsulated pixel data holds {there} of {self._frames} frames"
        return PixelError(message, tag=_PIXEL_DATA, frame=frame)

    def _range(self, start: int, end: int) -> bytes:
        return _core.value_range(self._ds, _PIXEL_DATA, start, end)

    def _joined(self, spans: list[Span]) -> bytes:
        """Return fragments that follow each other, put together: read at once with the headers between them."""
        base, (start, length) = spans[0][0], spans[-1]
        data = self._range(base, start + length)
        if len(spans) == 1:
            return data
        view = memoryview(data)
        return b"".join(view[start - base : start - base + length] for start, length in spans)

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

    def _by_table(self, frame: int) -> bytes | None:
        """Return a frame between its offset and the next; nothing when these are not items from end to end."""
        start = self._first + self._table[frame]
        is_last = frame + 1 == self._frames
        end = self._length if is_last else self._first + self._table[frame + 1]
        view = memoryview(self._range(start, end + 16))  # with the head of the next frame
        next_head, view = view[end - start + 8 :], view[: end - start]
        parts, position = [], 0
        while position + 8 <= len(view) and view[position : position + 4] == _ITEM:
            length = int.from_bytes(view[position + 4 : position + 8], "little")
            if position + 8 + length > len(view) and not is_last:
                return None
            parts.append(view[position + 8 : position + 8 + length])
            position += 8 + length
        if not parts or (position != len(view) and not is_last):
            return None
        if is_last and len(parts) > 1 and self._starts:
            parts = self._of_last(parts)
        data = b"".join(parts)
        if not self._trusted and self._starts and not (self._begins(data) and (is_last or self._begins(next_head))):
            # Streams that begin as none of their family does are nothing to count by: the table is more then.
            if len(self._found()) == self._frames:
                return None
            self._trusted, self._spans = True, None
        return data[: self._lengths[frame]] if len(parts) == 1 and frame < len(self._lengths) else data

    def _begins(self, head: bytes | memoryview) -> bool:
        """Tell whether a stream begins here, as far as the bytes go."""
        head = bytes(head[:8])
        if head.startswith(self._starts):
            return True
        return 1 < len(head) < 8 and any(start.startswith(head) for start in self._starts)

    def _of_last(self, parts: list[memoryview]) -> list[memoryview]:
        """Leave out what a table with too many or a wrong number of frames puts behind the last frame."""
        ended = [bytes(part[-4:]).rstrip(b"\0").endswith(_END) for part in parts]
        for index in range(1, len(parts)):
            if self._begins(parts[index]) and (ended[index - 1] or self._family not in _ENDED):
                self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
                return parts[:index]
        return parts

    def _give_table_up(self) -> None:
        self._note("offset-table", "offset table does not meet the frames: their fragments were counted off instead")
        self._table = ()

    # -- counting off --------------------------------------------------------------------------------------------

    def _found(self) -> list[list[Span]]:
        """Return the fragments of each frame that is there, found once."""
        with self._lock:
            if self._spans is None:
                self._spans = self._scan()
            return self._spans

    def _scan(self) -> list[list[Span]]:
        items, heads, truncated, stray = _core.fragments(self._ds, _PIXEL_DATA, _MOST_FRAGMENTS)
        if not items:
            raise PixelError("encapsulated pixel data has no items", tag=_PIXEL_DATA)
        if stray is not None:
            self._note("stray-fragment", "something else stands among the fragments where an item has to begin")
        elif truncated:
            self._note("fragment-truncated", "last fragment is longer than what is left of the pixel data")
        spans = items[1:]
        if self._family == "video":
            return [spans] * self._frames if spans else []
        grouped = self._grouped(spans, [heads[at : at + 8] for at in range(8, len(heads), 8)])
        if len(grouped) > self._frames:
            self._note("fragments-left", f"fragments are left behind the last of {self._frames} frames")
        return grouped[: self._frames]

    def _grouped(self, spans: list[Span], heads: list[bytes]) -> list[list[Span]]:
        """Give each frame its fragments: one each, all to the only one, or from each that begins a stream on."""
        starts = [
            head.startswith(self._starts) or (size < 8 and self._begins(head[:size]))
            for head, (_, size) in zip(heads, spans, strict=True)
        ]
        one_each = [[span] for span in spans]
        if len(spans) == self._frames and (all(starts) or not any(starts)):
            return one_each
        if not any(starts):
            filled = [[span] for span in spans if span[1]]
            if self._frames == 1:
                return [spans] if spans else []
            return filled if len(filled) == self._frames else one_each
        starts = [start for start, span in zip(starts, spans, strict=True) if span[1]]
        spans = [span for span in spans if span[1]]
        after_end = [True, *self._ended(spans)[:-1]]
        begins = [start and ended for start, ended in zip(starts, after_end, strict=True)]
        # A thumbnail in a stream begins as one does, and a fragment may end with what looks like an end by chance:
        # what tells as many frames as there have to be is believed, and first what both say.
        for firsts in (begins, starts, after_end):
            if sum(firsts) == self._frames:
                return _cut(spans, firsts)
        return _cut(spans, begins)

    def _ended(self, spans: list[Span]) -> list[bool]:
        """Tell of each fragment whether it ends as a stream does, but for padding."""
        if self._family not in _ENDED:
            return [True] * len(spans)
        tails = _core.fragment_tails(self._ds, _PIXEL_DATA, spans)
        return [tails[at : at + 4].rstrip(b"\0").endswith(_END) for at in range(0, len(tails), 4)]

    def _require_plain(self, data: bytes, frame: int) -> None:
        """Raise when a frame in fragments, under a transfer syntax that has none, is not of plain samples."""
        expected = (self._description.frame_bits + 7) // 8
        if len(data) not in (expected, expected + expected % 2):
            message = f"pixel data is in fragments under an uncompressed transfer syntax, and has {len(data)} bytes"
            raise PixelError(f"{message} for the frame, expected {expected}", tag=_PIXEL_DATA, frame=frame)


def _cut(spans: list[Span], firsts: list[bool]) -> list[list[Span]]:
    grouped: list[list[Span]] = []
    for span, first in zip(spans, firsts, strict=True):
        if first or not grouped:
            grouped.append([])
        grouped[-1].append(span)
    return grouped
