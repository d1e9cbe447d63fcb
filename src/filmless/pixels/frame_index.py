"""The frames of a data set: where the bytes of each are, found without reading the others."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.description import SUBSAMPLED, PixelDescription, StoredPixels
from filmless.pixels.fragment_index import EncapsulatedFrames

__all__ = ["FrameIndex", "NativeFrames", "frame_index"]

_PIXEL_DATA = 0x7FE0_0010
_ITEM = b"\xfe\xff\x00\xe0"


class FrameIndex(Protocol):
    """Where frames are."""

    findings: list[Finding]

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes that hold a frame, and the bit of the first one that it begins with."""

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""


def frame_index(ds: Dataset, description: PixelDescription, stored: StoredPixels) -> FrameIndex:
    """Make the index of a data set's frames.

    Parameters
    ----------
    ds
        The data set.
    description
        How its samples are stored.
    stored
        Where they are. What they look like is believed before what the transfer syntax says.

    Raises
    ------
    PixelError
        The pixel data is neither frames by size nor in fragments.

    DICOM
    -----
    PS3.5 8.1.1, A.4
    """
    if not stored.encapsulated:
        if stored.family == "native":
            return NativeFrames(ds, description, stored)
        if _core.value_range(ds, stored.tag, 0, 4) != _ITEM:
            return _plain_after_all(ds, description, stored)
    frames = EncapsulatedFrames(ds, description, stored.family or "native", stored.length)
    if stored.family == "native":
        message = "pixel data is in fragments, which its transfer syntax does not allow"
        frames.findings.append(Finding("unexpected-fragments", _PIXEL_DATA, 0, message))
    return frames


def _plain_after_all(ds: Dataset, description: PixelDescription, stored: StoredPixels) -> FrameIndex:
    """Return native frames under a compressed transfer syntax, when their size leaves no doubt."""
    expected = (description.frame_bits * description.frames + 7) // 8
    if stored.length not in (expected, expected + expected % 2):
        raise PixelError("encapsulated pixel data has no items", tag=_PIXEL_DATA)
    frames = NativeFrames(ds, description, stored)
    message = "pixel data is not in fragments, and of the size of uncompressed frames: it was taken for that"
    frames.findings.append(Finding("missing-fragments", _PIXEL_DATA, 0, message))
    return frames


class NativeFrames:
    """Frames that follow each other without padding: their place is arithmetic.

    DICOM
    -----
    PS3.5 8.1.1, 8.1.2
    """

    def __init__(self, ds: Dataset, description: PixelDescription, stored: StoredPixels) -> None:
        self.findings: list[Finding] = []
        self._ds, self._description = ds, description
        self._tag, self._length = stored.tag, stored.length
        self._bits = description.frame_bits
        bits = description.bits_allocated
        # Samples that do not fill words stand in the wrong half of one in big endian (OW).
        self._in_words = description.big_endian and bits not in (16, 32, 64) and stored.vr == "OW"
        self.are_plain = (
            bits >= 8
            and bits % 8 == 0
            and not (self._in_words or description.by_plane)
            and description.photometric_interpretation not in SUBSAMPLED
        )
        """A frame's bytes are its samples, but for their order and the bits that hold none."""
        left = stored.length * 8 - self._bits * description.frames
        if left >= self._bits and left >= 16:
            self._note("frames-left", f"pixel data goes on behind the last of {description.frames} frames")

    def encoded(self, frame: int) -> tuple[bytes, int]:
        """Return the bytes that hold a frame, and the bit of the first one that it begins with."""
        self.require(frame, frame)
        start, end = frame * self._bits // 8, ((frame + 1) * self._bits + 7) // 8
        if not self._in_words:
            return _core.value_range(self._ds, self._tag, start, end), frame * self._bits % 8
        even = start // 2 * 2
        words = np.frombuffer(_core.value_range(self._ds, self._tag, even, (end + 1) // 2 * 2), dtype=np.uint8)
        swapped = words[: len(words) // 2 * 2].reshape(-1, 2)[:, ::-1].tobytes()
        return swapped[start - even : end - even], frame * self._bits % 8

    def read_into(self, frame: int, out: NDArray[Any]) -> None:
        """Fill an array with the bytes of a plain frame, and of those that follow as far as it goes."""
        frames = out.nbytes * 8 // self._bits
        self.require(frame, frame + frames - 1)
        if _core.read_into(self._ds, self._tag, frame * self._bits // 8, out) != out.nbytes:
            raise PixelError("pixel data was cut since it was opened", tag=_PIXEL_DATA, frame=frame)

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        end = ((last + 1) * self._bits + 7) // 8
        if end > self._length:
            message = f"pixel data has {self._length} bytes, expected {end}"
            raise PixelError(message, tag=_PIXEL_DATA, frame=max(first, self._length * 8 // self._bits))

    def _note(self, code: str, message: str) -> None:
        self.findings.append(Finding(code, _PIXEL_DATA, 0, message))
