"""Lookup tables as data sets hold them: descriptor and data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.attributes import numbers, text

__all__ = ["Lut", "descriptor_of", "entries_of", "for_core", "lut_of", "places_in", "words_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """A lookup table.

    Attributes
    ----------
    first
        The value whose entry is the first; those below take the first as well, those behind the last take the last.
    table
        The entries, uint16, at least one.
    bits
        The entries run from 0 to 2**bits - 1.
    explanation
        What the table is for.
    findings
        Where descriptor and data do not agree.

    DICOM
    -----
    PS3.3 C.11.1.1, C.11.2.1.1
    """

    first: int
    table: NDArray[np.uint16]
    bits: int
    explanation: str = ""
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if self.table.ndim != 1 or not len(self.table) or self.table.dtype.kind != "u":
            raise ValueError("a lookup table has to be one row of unsigned entries, at least one")
        if not 1 <= self.bits <= 16:
            raise ValueError(f"a lookup table has {self.bits} bits, expected 1 to 16")

    def look_up(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Give the entries of values of any shape; those between two entries take the nearer, or the upper one.

        What is no number takes the first entry.
        """
        entries: NDArray[np.uint16] = self.table[places_in(values, self.first, len(self.table))]
        return entries


def places_in(values: NDArray[Any], first: int, entries: int) -> NDArray[np.intp]:
    """Return where in a table values are looked up, whose first entry is that of ``first``; see `Lut.look_up`."""
    if values.dtype.kind == "f":
        whole = np.floor(np.nan_to_num(values, nan=-np.inf) + 0.5)
        return np.asarray(np.clip(whole - first, 0, entries - 1), dtype=np.intp)
    # Clipped as they are: a difference could go beyond 64 bits.
    info = np.iinfo(values.dtype)
    low, high = (min(max(end, int(info.min)), int(info.max)) for end in (first, first + entries - 1))
    whole = np.clip(values, low, high).astype(np.int64)
    return np.asarray(np.clip(whole - first, 0, entries - 1), dtype=np.intp)


def for_core(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples as the core takes them: contiguous, aligned, of native byte order; the same when they are so."""
    return np.require(samples, samples.dtype.newbyteorder("="), ["C", "A"])


def descriptor_of(ds: Dataset, keyword: str, *, signed: bool) -> tuple[int, int, int]:
    """Read a descriptor: number of entries, first value mapped, bits of an entry.

    Parameters
    ----------
    ds
        What holds it.
    keyword
        Its name.
    signed
        Whether the values that are looked up can be negative: the value representation of the first value mapped says
        so only in files with explicit ones, and not always rightly.

    Raises
    ------
    PixelError
        It is absent, or no table can be like that.

    DICOM
    -----
    PS3.3 C.11.1.1.1, C.7.6.3.1.5
    """
    values = numbers(ds, keyword)
    if len(values) != 3 or (values % 1 != 0).any() or (np.abs(values) > 0xFFFF).any():
        raise PixelError(f"{keyword} is absent or not three whole numbers")
    entries, first, bits = (int(number) for number in values)
    if not 1 <= bits <= 16:
        raise PixelError(f"{keyword} says {bits} bits, expected 8 to 16")
    first %= 65536
    return entries % 65536 or 65536, first - 65536 if signed and first >= 32768 else first, bits


def words_of(ds: Dataset, keyword: str) -> NDArray[np.uint16]:
    """Return data of a table as words, whatever its value representation is; an odd byte at the end is left out.

    Raises
    ------
    PixelError
        It is absent or no numbers.
    """
    value = ds.get(keyword)
    if isinstance(value, bytes):
        order = ">" if ds[keyword].is_big_endian and ds[keyword].VR != "OB" else "<"
        return np.frombuffer(value, dtype=f"{order}u2", count=len(value) // 2).astype(np.uint16)
    words = numbers(ds, keyword)
    if not len(words):
        raise PixelError(f"{keyword} is absent or holds no whole numbers")
    return np.asarray(np.floor(words) % 65536, dtype=np.uint16)


def entries_of(
    ds: Dataset, keyword: str, *, entries: int, bits: int
) -> tuple[NDArray[np.uint16], int, tuple[Finding, ...]]:
    """Read the entries of a table, one to a word or, of up to 8 bits, to a byte; give them, their bits and findings.

    Raises
    ------
    PixelError
        There are fewer than the descriptor says.

    DICOM
    -----
    PS3.3 C.11.1.1.1
    """
    table, findings = words_of(ds, keyword), []
    value, tag = ds.get(keyword), int(ds[keyword].tag)
    if len(table) < entries and bits <= 8:
        # Two entries share a word, the first in its lower byte; an odd byte is one more.
        table = np.frombuffer(table.astype("<u2").tobytes(), dtype=np.uint8).astype(np.uint16)
        if isinstance(value, bytes) and len(value) > len(table):
            table = np.append(table, np.uint16(value[-1]))
    if len(table) < entries:
        raise PixelError(f"{keyword} has {len(table)} entries, expected {entries}", tag=tag)
    if len(table) > entries + 1:
        findings.append(Finding("lut-length", tag, 0, "lookup table has more entries than its descriptor says"))
    table = table[:entries]
    used = int(table.max()).bit_length()
    if used > bits:
        findings.append(Finding("lut-bits", tag, 0, "lookup table has greater entries than its descriptor says"))
    return table, max(used, bits), tuple(findings)


def lut_of(item: Dataset, *, signed: bool = False) -> Lut:
    """Read a lookup table.

    Parameters
    ----------
    item
        The item of Modality LUT Sequence, VOI LUT Sequence, Presentation LUT Sequence or the like.
    signed
        Whether the values that are looked up can be negative.

    Raises
    ------
    PixelError
        The descriptor cannot be right, or there are fewer entries than it says.

    DICOM
    -----
    PS3.3 C.11.1.1, C.11.2.1.1
    """
    entries, first, bits = descriptor_of(item, "LUTDescriptor", signed=signed)
    table, bits, findings = entries_of(item, "LUTData", entries=entries, bits=bits)
    return Lut(first, table, bits, text(item, "LUTExplanation"), findings)
