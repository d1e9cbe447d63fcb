"""Where the frames of an instance are in its file, kept at ingest: ``/frames`` reads ranges and parses nothing."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset

__all__ = ["FrameMap"]


@dataclass(frozen=True, slots=True)
class FrameMap:
    """Byte ranges of frames.

    Attributes
    ----------
    count
        How many frames there are.
    ranges
        Shape (n, 2): offset in the file and length, of each fragment; empty when the frames cannot be read as ranges
        of the file (deflated, big endian): then it is opened.
    firsts
        Shape (count + 1,): which ranges each frame has.
    """

    count: int
    ranges: NDArray[np.uint64]
    firsts: NDArray[np.uint32]

    @classmethod
    def of(cls, ds: Dataset) -> "FrameMap | None":
        """Make it from a data set that was read from a file; None without pixel data."""
        if "PixelData" not in ds:
            return None
        return cls(int(ds.get("NumberOfFrames") or 1), np.empty((0, 2), np.uint64), np.zeros(1, np.uint32))

    @property
    def is_readable(self) -> bool:
        """Whether frames are ranges of the file."""
        return len(self.ranges) > 0

    def of_frame(self, frame: int) -> list[tuple[int, int]]:
        """Return offset and length of each range of a frame, counted from 0."""
        first, last = int(self.firsts[frame]), int(self.firsts[frame + 1])
        return [(int(offset), int(length)) for offset, length in self.ranges[first:last]]

    def pack(self) -> bytes:
        """Return it as bytes for the index."""
        head = _HEAD.pack(self.count, len(self.ranges))
        return head + zlib.compress(self.ranges.astype("<u8").tobytes() + self.firsts.astype("<u4").tobytes(), 1)

    @classmethod
    def unpack(cls, data: bytes) -> "FrameMap":
        """Make it again from what `pack` gave."""
        count, ranges = _HEAD.unpack_from(data)
        rest = zlib.decompress(data[_HEAD.size :])
        places = np.frombuffer(rest, "<u8", ranges * 2).reshape(-1, 2)
        return cls(count, places, np.frombuffer(rest, "<u4", offset=ranges * 16))


_HEAD: Final = struct.Struct("<QQ")
