"""The attributes of the Image Pixel Module that say how the samples are stored, checked before they are believed."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from filmless.dataset import Dataset
from filmless.errors import GeometryError

__all__ = ["PixelDescription"]

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

    @classmethod
    def of(cls, ds: Dataset) -> Self:
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
        samples = _integer(ds, "SamplesPerPixel", 1, 4, absent=1)
        photometric = str(ds.get("PhotometricInterpretation") or ("RGB" if samples == 3 else "MONOCHROME2")).strip()
        expected = _PHOTOMETRIC_SAMPLES.get(photometric, samples)
        if samples != expected:
            raise _wrong("SamplesPerPixel", f"does not fit the photometric interpretation, which has {expected}")
        keyword = next((name for name in _FLOATS if name in ds), "PixelData")
        allocated = _FLOATS.get(keyword) or _integer(ds, "BitsAllocated", 1, 64)
        if allocated not in (1, 8, 16, 32, 64):
            raise _wrong("BitsAllocated", f"is {allocated}, expected 1, 8, 16, 32 or 64")
        stored = _integer(ds, "BitsStored", 1, allocated, absent=allocated)
        return cls(
            transfer_syntax=_transfer_syntax(ds),
            photometric_interpretation=photometric,
            rows=_integer(ds, "Rows", 1, 0xFFFF),
            columns=_integer(ds, "Columns", 1, 0xFFFF),
            samples=samples,
            frames=_integer(ds, "NumberOfFrames", 1, 2**31 - 1, absent=1),
            bits_allocated=allocated,
            bits_stored=stored,
            high_bit=_integer(ds, "HighBit", stored - 1, allocated - 1, absent=stored - 1),
            signed=_integer(ds, "PixelRepresentation", 0, 1, absent=0) == 1,
            by_plane=samples > 1 and _integer(ds, "PlanarConfiguration", 0, 1, absent=0) == 1,
            big_endian=keyword in ds and ds[keyword].is_big_endian,
            keyword=keyword,
        )

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Rows, columns and, with more than one sample per pixel, samples."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of decoded samples, of native byte order; a single bit takes a byte."""
        kind = "f" if self.keyword in _FLOATS else "i" if self.signed else "u"
        return np.dtype(f"{kind}{max(1, self.bits_allocated // 8)}")

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
        return self.rows * self.columns * self.samples * max(1, self.bits_allocated // 8)


def _integer(ds: Dataset, keyword: str, low: int, high: int, absent: int | None = None) -> int:
    value = ds.get(keyword)
    if value is None or value == "":
        if absent is None:
            raise _wrong(keyword, "is absent or empty")
        return absent
    if not isinstance(value, int):
        raise _wrong(keyword, "is not one whole number")
    if not low <= value <= high:
        raise _wrong(keyword, f"is {int(value)}, expected {low} to {high}")
    return int(value)


def _wrong(keyword: str, what: str) -> GeometryError:
    return GeometryError(f"{keyword} {what}", tag=_TAGS[keyword])


def _transfer_syntax(ds: Dataset) -> str:
    meta = getattr(ds, "file_meta", None)
    return str((meta.get("TransferSyntaxUID") if meta is not None else None) or "1.2.840.10008.1.2")
