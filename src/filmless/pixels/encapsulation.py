"""Frames as the fragments of encapsulated Pixel Data, with the table that says where each begins."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from filmless.errors import PixelError

__all__ = ["LONGEST_FRAGMENT", "Encapsulated", "encapsulate", "encapsulate_stream"]

_ITEM = b"\xfe\xff\x00\xe0"
_HEADER = 8
_LARGEST_OFFSET = 0xFFFF_FFFF

LONGEST_FRAGMENT = 0xFFFF_FFFE
"""Bytes of the longest fragment."""


class Encapsulated(NamedTuple):
    """The value of Pixel Data, and of the Extended Offset Table and its Lengths where the basic one is too small."""

    value: bytes
    offsets: bytes | None = None
    lengths: bytes | None = None


def encapsulate(frames: Sequence[bytes], *, largest_offset: int = _LARGEST_OFFSET) -> Encapsulated:
    """Put each frame into a fragment of its own, behind a table of their offsets.

    Parameters
    ----------
    frames
        Their streams; those of odd length are padded with a zero.
    largest_offset
        What an offset of the basic table can say at the most. Where one is larger, the basic table stays empty and
        the extended one has it.

    Raises
    ------
    PixelError
        A frame is too long for a fragment.

    DICOM
    -----
    PS3.5 A.4; PS3.3 C.7.6.3.1.8
    """
    lengths = np.array([len(frame) + len(frame) % 2 for frame in frames], dtype="<u8")
    if lengths.max(initial=0) > LONGEST_FRAGMENT:
        message = f"compressed frame has {lengths.max()} bytes, a fragment at most {LONGEST_FRAGMENT}"
        raise PixelError(message, tag=0x7FE0_0010, frame=int(lengths.argmax()))
    offsets = np.zeros(len(frames), dtype="<u8")
    np.cumsum(lengths[:-1] + _HEADER, out=offsets[1:])
    is_basic = len(frames) > 0 and int(offsets[-1]) <= largest_offset
    parts = [_item(offsets.astype("<u4").tobytes() if is_basic else b"")]
    for frame, length in zip(frames, lengths.tolist(), strict=True):
        parts += [_ITEM, length.to_bytes(4, "little"), frame, b"\0" * (length - len(frame))]
    value = b"".join(parts)
    return Encapsulated(value) if is_basic else Encapsulated(value, offsets.tobytes(), lengths.tobytes())


def encapsulate_stream(stream: bytes, *, longest: int = LONGEST_FRAGMENT) -> Encapsulated:
    """Put a stream of all frames, as video is, into as few fragments as it fits; there is no table of offsets then.

    Parameters
    ----------
    stream
        The stream; one of odd length is padded with a zero.
    longest
        Bytes of the longest fragment, an even number.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.11, A.4
    """
    parts: list[bytes | memoryview] = [_item(b"")]
    whole = memoryview(stream)
    for start in range(0, len(stream), longest):
        part = whole[start : start + longest]
        parts += [_ITEM, (len(part) + len(part) % 2).to_bytes(4, "little"), part, b"\0" * (len(part) % 2)]
    return Encapsulated(b"".join(parts))


def _item(content: bytes) -> bytes:
    return _ITEM + len(content).to_bytes(4, "little") + content
