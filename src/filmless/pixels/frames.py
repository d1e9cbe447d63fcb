"""From the value of Pixel Data to the bytes of one frame."""

import struct
from dataclasses import dataclass
from itertools import pairwise

from filmless.errors import PixelError

__all__ = ["EncapsulatedFrames"]

_ITEM = 0xFFFE_E000
_SEQUENCE_DELIMITATION = 0xFFFE_E0DD


@dataclass(frozen=True, slots=True)
class EncapsulatedFrames:
    """The frames of an encapsulated value: which fragments each is made of.

    A fragment is its offset in the value and its length.

    DICOM
    -----
    PS3.5 A.4
    """

    value: memoryview
    frames: tuple[tuple[tuple[int, int], ...], ...]

    @classmethod
    def of(cls, value: bytes | memoryview, number_of_frames: int) -> "EncapsulatedFrames":
        """Find the frames: one fragment each, by the Basic Offset Table, or by the image each fragment starts.

        Raises
        ------
        PixelError
            The fragments cannot be counted off to that many frames.
        """
        view = memoryview(value)
        offsets, fragments = _items(view)
        if number_of_frames == 1 and fragments:
            grouped = [fragments]
        elif len(fragments) == number_of_frames:
            grouped = [[fragment] for fragment in fragments]
        else:
            grouped = _by_offset_table(offsets, fragments) or _by_start_of_image(view, fragments)
        if len(grouped) < number_of_frames:
            raise PixelError(
                f"encapsulated pixel data holds {len(grouped)} of {number_of_frames} frames", frame=len(grouped)
            )
        return cls(view, tuple(tuple(group) for group in grouped[:number_of_frames]))

    def __getitem__(self, frame: int) -> bytes:
        return b"".join(self.value[offset : offset + length] for offset, length in self.frames[frame])


def _items(view: memoryview) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the Basic Offset Table and the fragments; a last fragment that is cut short ends where the value does."""
    position = 0
    items: list[tuple[int, int]] = []
    while position + 8 <= len(view):
        group, element, length = struct.unpack_from("<HHI", view, position)
        tag = group << 16 | element
        if tag == _SEQUENCE_DELIMITATION:
            break
        if tag != _ITEM:
            raise PixelError(f"encapsulated pixel data has no item tag at byte {position}")
        position += 8
        length = min(length, len(view) - position)
        items.append((position, length))
        position += length
    if not items:
        raise PixelError("encapsulated pixel data has no items")
    start, length = items[0]
    return list(struct.unpack_from(f"<{length // 4}I", view, start)), items[1:]


def _by_offset_table(offsets: list[int], fragments: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group by the offsets, which count from the first fragment's item tag; nothing when they are absent or wrong."""
    if not offsets or not fragments:
        return []
    first = fragments[0][0]
    starts = {start - first: index for index, (start, _) in enumerate(fragments)}
    if offsets[0] != 0 or sorted(set(offsets)) != offsets or not all(offset in starts for offset in offsets):
        return []
    cuts = [starts[offset] for offset in offsets] + [len(fragments)]
    return [fragments[begin:end] for begin, end in pairwise(cuts)]


def _by_start_of_image(view: memoryview, fragments: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group by the JPEG start of image marker that begins a frame's first fragment."""
    grouped: list[list[tuple[int, int]]] = []
    for offset, length in fragments:
        if bytes(view[offset : offset + 2]) == b"\xff\xd8" or not grouped:
            grouped.append([])
        grouped[-1].append((offset, length))
    return grouped
