"""The arrays that masks come in, seen as planes of one segment and one frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["MaskPlanes"]

_BITS = 8  # frames of single bits that end on a byte together


@dataclass(frozen=True, slots=True, eq=False)
class MaskPlanes:
    """Masks of segments.

    Attributes
    ----------
    array
        Shape (frames, rows, columns): the number of each pixel's segment. Or of shape (frames, rows, columns,
        segments): bool, or float from 0 to 1.
    numbers
        The segments' numbers.
    present
        Shape (frames, segments): whether there is anything of a segment in a frame.
    """

    array: NDArray[Any]
    numbers: Sequence[int]
    present: NDArray[np.bool_]

    @classmethod
    def of(cls, array: NDArray[Any], numbers: Sequence[int], *, fractional: bool) -> Self:
        """Check an array of masks.

        Raises
        ------
        ValueError
            Its shape, dtype or values are of another kind.
        """
        array = array[np.newaxis] if array.ndim == 2 else array
        if array.ndim not in (3, 4) or 0 in array.shape:
            expected = "(frames, rows, columns), and segments"
            raise ValueError(f"the array has shape {array.shape}, expected {expected}")
        if array.dtype.kind not in "buif":
            raise ValueError(f"the array is of {array.dtype}, expected bool, whole numbers or floats")
        if array.ndim == 3 and array.dtype.kind in "ui":
            return cls(array, numbers, _present_labels(array, numbers))
        stack = array[..., np.newaxis] if array.ndim == 3 else array
        if stack.shape[3] != len(numbers):
            raise ValueError(f"the array has {stack.shape[3]} segments, expected {len(numbers)}")
        low, high = stack.min(), stack.max()
        if not (low >= 0 and high <= 1):  # which NaN is not
            what = "fractions are 0 to 1" if stack.dtype.kind == "f" else "masks are 0 and 1"
            raise ValueError(f"the array has values beyond what {what}")
        if stack.dtype.kind == "f" and not fractional:
            if ((stack != 0) & (stack != 1)).any():
                raise ValueError("the array has fractions, which only a segmentation of kind FRACTIONAL holds")
            stack = stack != 0
        if stack.dtype.kind in "ui":
            stack = stack.astype(bool)
        return cls(stack, numbers, np.asarray(stack.any(axis=(1, 2))))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        return self.array.shape[0], self.array.shape[1], self.array.shape[2]

    @property
    def is_labels(self) -> bool:
        """Whether a pixel is a number of a segment."""
        return self.array.ndim == 3

    @property
    def overlap(self) -> bool:
        """Whether a pixel is of several segments."""
        if self.is_labels or self.array.shape[3] == 1:
            return False
        return any(bool(((frame != 0).sum(axis=2) > 1).any()) for frame in self.array)

    def plane(self, frame: int, segment: int) -> NDArray[Any]:
        """Return a segment in a frame, shape (rows, columns): bool or float."""
        if self.is_labels:
            return np.asarray(self.array[frame] == self.numbers[segment])
        return np.asarray(self.array[frame, :, :, segment])

    def bits(self, kept: Sequence[tuple[int, int]]) -> bytes:
        """Pack planes, given as frame and segment, at one bit for a pixel (PS3.5 8.1.1)."""
        groups = (kept[start : start + _BITS] for start in range(0, len(kept), _BITS))
        return b"".join(
            np.packbits(np.stack([self.plane(*place) for place in group]), bitorder="little").tobytes()
            for group in groups
        )

    def fractions(self, kept: Sequence[tuple[int, int]], maximum: int) -> bytes:
        """Scale planes, given as frame and segment, to 0 to the maximum, at 8 bits for a pixel."""
        return b"".join(np.rint(self.plane(*place) * float(maximum)).astype(np.uint8).tobytes() for place in kept)

    def label_maps(self, kept: Sequence[int], dtype: np.dtype[Any]) -> Iterator[bytes]:
        """Give frames in which each pixel is the number of its segment.

        Raises
        ------
        ValueError
            Segments overlap.
        """
        if self.overlap:
            raise ValueError("the segments overlap, which a segmentation of kind LABELMAP cannot hold")
        numbers = np.array(self.numbers, dtype=dtype)
        for frame in kept:
            labels = self.array[frame] if self.is_labels else (self.array[frame] * numbers).sum(axis=2)
            yield labels.astype(dtype).tobytes()


def _present_labels(labels: NDArray[Any], numbers: Sequence[int]) -> NDArray[np.bool_]:
    """Tell which labels are in which frame; those that no segment has are refused."""
    if labels.min() < 0 or labels.max() > 0xFFFF:
        raise ValueError("the array has labels beyond 0 to 65535")
    present = np.empty((len(labels), len(numbers)), dtype=bool)
    for index, frame in enumerate(labels):
        found = np.zeros(0x10000, dtype=bool)
        found[frame.reshape(-1)] = True
        present[index] = found[list(numbers)]
        if found[1:].sum() != present[index].sum():
            unknown = sorted(set(np.flatnonzero(found[1:]) + 1) - set(numbers))
            raise ValueError(f"the array has label {unknown[0]}, which is the number of no segment")
    return present
