"""The attributes of the Image Pixel Module that say how the samples are stored, checked before they are believed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import GeometryError, PixelError

__all__ = ["SUBSAMPLED", "PixelDescription", "StoredPixels", "described", "number_of_frames"]

_TAGS = {
    "SamplesPerPixel": 0x0028_0002,
    "PhotometricInterpretation": 0x0028_0004,
    "PlanarConfiguration": 0x0028_0006,
    "NumberOfFrames": 0x0028_0008,
    "Rows": 0x0028_0010,
    "Columns": 0x0028_0011,
    "BitsAllocated": 0x0028_0100,
    "BitsStored": 0x0028_0101,
    "HighBit": 0x0028_0102,
    "PixelRepresentation": 0x0028_0103,
}

_KEYWORDS = {0x7FE0_0008: "FloatPixelData", 0x7FE0_0009: "DoubleFloatPixelData"}
_FLOATS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}  # and their bits: PS3.3 C.7.6.24, C.7.6.25

_PHOTOMETRIC_SAMPLES = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_PARTIAL_422": 3,
    "YBR_PARTIAL_420": 3,
    "YBR_ICT": 3,
    "YBR_RCT": 3,
    "XYB": 3,
}

SUBSAMPLED = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420"})
"""Photometric interpretations of pixels that share chrominances when they are not compressed."""

_DTYPES = {
    (kind, size): np.dtype(f"{kind}{size}")
    for kind, sizes in (("u", (1, 2, 4, 8)), ("i", (1, 2, 4, 8)), ("f", (4, 8)))
    for size in sizes
}

_Attributes = tuple[str, str | None, tuple[int, str, int, bool, bool], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """How the samples of an image are stored.

    DICOM
    -----
    PS3.3 C.7.6.3
    """

    transfer_syntax: str
    photometric_interpretation: str
    rows: int
    columns: int
    samples: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    by_plane: bool
    big_endian: bool
    keyword: str = "PixelData"
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    """What the attributes say wrong, and was understood all the same."""

    @staticmethod
    def of(ds: Dataset) -> "PixelDescription":
        """Read and check the description of a data set's pixel data.

        Parameters
        ----------
        ds
            The data set. Its ``file_meta`` names the transfer syntax; without one it is Implicit VR Little Endian.

        Raises
        ------
        GeometryError
            An attribute is absent, is no number, or does not agree with the others.

        DICOM
        -----
        PS3.3 C.7.6.3.1
        """
        return _description(_core.pixel_attributes(ds))

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Rows, columns and, with more than one sample per pixel, samples."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of decoded samples, of native byte order; a single bit takes a byte."""
        kind = "f" if self.keyword in _FLOATS else "i" if self.signed else "u"
        return _DTYPES[kind, self.sample_bytes]

    @property
    def sample_bytes(self) -> int:
        """Bytes of a decoded sample: the fewest of 1, 2, 4 and 8 that hold Bits Allocated."""
        return 1 if self.bits_allocated <= 8 else 2 if self.bits_allocated <= 16 else self.bits_allocated // 8

    @property
    def frame_bits(self) -> int:
        """Size of one uncompressed frame in bits; frames follow each other without padding (PS3.5 8.1.1)."""
        if self.photometric_interpretation == "YBR_PARTIAL_420":
            return ((self.rows + 1) // 2) * ((self.columns + 1) // 2) * 6 * self.bits_allocated
        if self.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            return self.rows * (self.columns + self.columns % 2) * 2 * self.bits_allocated
        return self.rows * self.columns * self.samples * self.bits_allocated

    @property
    def decoded_bytes(self) -> int:
        """Size of one decoded frame in memory; a single bit takes a byte."""
        return self.rows * self.columns * self.samples * self.sample_bytes


class StoredPixels(NamedTuple):
    """Where the pixel data of a data set is and how it is coded, as far as the transfer syntax says."""

    tag: int
    vr: str
    length: int
    encapsulated: bool  # it lies in fragments, whatever the transfer syntax says
    family: str | None  # None when the transfer syntax is not registered


def number_of_frames(ds: Dataset) -> int:
    """Return how many frames an image has: what its pixel data holds when it says nothing that can be."""
    number, is_known = _frames(ds.get("NumberOfFrames"), [])
    return number if is_known or "PixelData" not in ds else PixelDescription.of(ds).frames


def described(ds: Dataset) -> tuple[PixelDescription, StoredPixels]:
    """Read the description of a data set's pixel data, and where it is; raise when there is none."""
    attributes = _core.pixel_attributes(ds)
    _, family, (tag, vr, length, encapsulated, _), _ = attributes
    if not tag:
        raise PixelError("there is no pixel data", tag=0x7FE0_0010)
    return _description(attributes), StoredPixels(tag, vr, length, encapsulated, family)


def _description(attributes: _Attributes) -> PixelDescription:
    syntax, _, (tag, _, length, encapsulated, big_endian), values = attributes
    samples, photometric, planar, frames, rows, columns, allocated, stored, high, signed = values
    findings: list[Finding] = []
    samples = _integer("SamplesPerPixel", samples, 1, 4, absent=1)
    photometric = str(photometric or ("RGB" if samples == 3 else "MONOCHROME2")).strip()
    expected = _PHOTOMETRIC_SAMPLES.get(photometric, samples)
    if samples != expected:
        raise _wrong("SamplesPerPixel", f"does not fit the photometric interpretation, which has {expected}")
    keyword = _KEYWORDS.get(tag, "PixelData")
    allocated = _FLOATS.get(keyword) or _integer("BitsAllocated", allocated, 1, 64)
    if allocated not in (1, 8, 16, 32, 64):
        if allocated > 16:
            raise _wrong("BitsAllocated", f"is {allocated}, expected 1, a multiple of 8 or up to 16")
        findings.append(_finding("BitsAllocated", "is not 1 or a multiple of 8: samples share bytes"))
    stored = _integer("BitsStored", stored, 1, allocated, absent=allocated)
    number, is_known = _frames(frames, findings)
    description = PixelDescription(
        syntax,
        photometric,
        _integer("Rows", rows, 1, 0xFFFF),
        _integer("Columns", columns, 1, 0xFFFF),
        samples,
        number,
        allocated,
        stored,
        _high_bit(high, stored, allocated, findings),
        _integer("PixelRepresentation", signed, 0, 1, absent=0) == 1,
        samples > 1 and _integer("PlanarConfiguration", planar, 0, 1, absent=0) == 1,
        big_endian,
        keyword,
        tuple(findings),
    )
    if is_known or encapsulated:
        return description
    held, rest = divmod(length * 8, description.frame_bits)
    return replace(description, frames=held) if held > 1 and rest < 16 else description


def _integer(keyword: str, value: Any, low: int, high: int, absent: int | None = None) -> int:
    if type(value) is int and low <= value <= high:
        return value
    if value is None or value == "":
        if absent is None:
            raise _wrong(keyword, "is absent or empty")
        return absent
    if not isinstance(value, int):
        raise _wrong(keyword, "is not one whole number")
    raise _wrong(keyword, f"is {int(value)}, expected {low} to {high}")


def _frames(value: Any, findings: list[Finding]) -> tuple[int, bool]:
    """Return the Number of Frames, and whether it is to be believed: otherwise uncompressed pixel data knows better.

    Of several values the first is taken, 1 for none and for 0, and the digits that text begins with.
    """
    found = len(findings)
    if isinstance(value, Sequence) and not isinstance(value, str):
        findings.append(_finding("NumberOfFrames", "has several values"))
        value = value[0] if value else None
    if isinstance(value, str) and value:
        digits = re.match(r"\s*\+?(\d{1,20})", value)
        findings.append(_finding("NumberOfFrames", "is not a number"))
        value = int(digits[1]) if digits else None
    if value == 0:
        findings.append(_finding("NumberOfFrames", "is 0"))
        value = 1
    return _integer("NumberOfFrames", value, 1, 2**31 - 1, absent=1), len(findings) == found


def _high_bit(value: Any, stored: int, allocated: int, findings: list[Finding]) -> int:
    """Return the High Bit, which is one less than Bits Stored when what it says cannot be."""
    if type(value) is int and stored <= value + 1 <= allocated:
        return value
    if value is not None and value != "":
        findings.append(_finding("HighBit", "does not fit Bits Stored, and was taken for one less"))
    return stored - 1


def _finding(keyword: str, what: str) -> Finding:
    return Finding("pixel-description", _TAGS[keyword], 0, f"{keyword} {what}")


def _wrong(keyword: str, what: str) -> GeometryError:
    return GeometryError(f"{keyword} {what}", tag=_TAGS[keyword])
