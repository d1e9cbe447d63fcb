"""The bytes of one record, read without trust: MS-EMF 2.3 and MS-WMF 2.3."""

import struct
from typing import Any, Never

import numpy as np
from numpy.typing import NDArray

from filmless.errors import ConversionError

__all__ = ["Points", "Record"]

Points = NDArray[np.float64]
"""Shape (count, 2): x and y."""


class Record:
    """One record of a metafile.

    Parameters
    ----------
    name
        As the specification has it: ``EMR_POLYLINE``.
    data
        All of it, type and size included.
    """

    __slots__ = ("data", "name")

    def __init__(self, name: str, data: memoryview) -> None:
        self.name = name
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def refuse(self, why: str) -> Never:
        """Raise, with the record's name.

        Raises
        ------
        ConversionError
            Always.
        """
        raise ConversionError(f"{self.name}: {why}")

    def numbers(self, layout: str, offset: int) -> tuple[Any, ...]:
        """Read numbers, laid out as `struct` has it, little endian.

        Raises
        ------
        ConversionError
            The record ends before them.
        """
        try:
            return struct.unpack_from("<" + layout, self.data, offset)
        except struct.error:
            raise ConversionError(f"{self.name}: record of {len(self.data)} bytes is too short for its kind") from None

    def part(self, offset: int, size: int) -> memoryview:
        """Take bytes out of it.

        Raises
        ------
        ConversionError
            They lie outside.
        """
        if offset < 0 or size < 0 or offset + size > len(self.data):
            self.refuse(f"{size} bytes at {offset} lie outside of the record of {len(self.data)} bytes")
        return self.data[offset : offset + size]

    def points(self, offset: int, count: int, *, short: bool) -> Points:
        """Read points of 16 or 32 bits a coordinate.

        Raises
        ------
        ConversionError
            The record does not hold that many.
        """
        size = 4 if short else 8
        if count * size > len(self.data) - offset:
            self.refuse(f"{count} points do not fit into the record of {len(self.data)} bytes")
        raw = np.frombuffer(self.data, "<i2" if short else "<i4", 2 * count, offset)
        return raw.reshape(count, 2).astype(np.float64)

    def integers(self, offset: int, count: int) -> NDArray[np.uint32]:
        """Read unsigned integers of 32 bits.

        Raises
        ------
        ConversionError
            The record does not hold that many.
        """
        if count * 4 > len(self.data) - offset:
            self.refuse(f"{count} numbers do not fit into the record of {len(self.data)} bytes")
        return np.frombuffer(self.data, "<u4", count, offset)
