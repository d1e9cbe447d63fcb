"""Arrays as pixel data: the values, and the attributes that describe them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import UnsupportedError
from filmless.pixels.description import PixelDescription
from filmless.pixels.embedded_overlays import GROUPS
from filmless.pixels.native_value import native_value
from filmless.pixels.targets import row_of, target_row, turns_pixels
from filmless.pixels.transcoding import transcode

__all__ = ["set_pixels"]

_NATIVE = "1.2.840.10008.1.2.1"
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOUR = ("RGB", "YBR_FULL")
_FLOATS = {"f4": "FloatPixelData", "f8": "DoubleFloatPixelData"}
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_STALE = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "FloatPixelPaddingValue",
    "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue",
    "DoubleFloatPixelPaddingRangeLimit",
)
_DESCRIBED = ("BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "NumberOfFrames")
_PALETTE = (
    *(
        f"{kind}{colour}PaletteColorLookupTable{what}"
        for colour in ("Red", "Green", "Blue", "Alpha")
        for kind, what in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    ),
    "PaletteColorLookupTableUID",
)
_PADDING = ("PixelPaddingValue", "PixelPaddingRangeLimit")
_OVERLAY_BIT_POSITION, _OVERLAY_DATA = 0x0102, 0x3000


class _Shape(NamedTuple):
    frames: int
    rows: int
    columns: int
    samples: int


def set_pixels(
    ds: Dataset,
    array: NDArray[Any],
    *,
    photometric_interpretation: str | None = None,
    transfer_syntax: str | None = None,
    bits_stored: int | None = None,
    frames: int | None = None,
) -> None:
    """Make an array the pixel data of a data set, and describe it: the Image Pixel Module with all it needs.

    Parameters
    ----------
    ds
        Is changed. What described other pixels goes: their Extended Offset Table, smallest and largest value, palette,
        overlays in their unused bits. The record of lossy compression stays.
    array
        Shape (rows, columns), (frames, rows, columns), (rows, columns, 3) or (frames, rows, columns, 3); bool (a bit
        each), integers of 8 to 64 bits, signed or not, or float32 and float64 (Float and Double Float Pixel Data).
    photometric_interpretation
        MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR_FULL; None for RGB with three samples, else for what the
        data set says as far as that has one sample, else MONOCHROME2.
    transfer_syntax
        UID, keyword or short name; None for the one the data set is in when that is native, else Explicit VR Little
        Endian. In a lossy one the loss is put on record.
    bits_stored
        Bits that hold the values, 1 to those of the dtype; None for all of them.
    frames
        Number of frames, where the shape can be read in two ways: (n, rows, 3).

    Raises
    ------
    ValueError
        The shape, dtype or a value does not fit the other arguments.
    UnsupportedError
        The transfer syntax cannot hold such samples.

    DICOM
    -----
    PS3.3 C.7.6.3, C.7.6.24, C.7.6.25; PS3.5 8.1

    Examples
    --------
    >>> from filmless import read
    >>> ds = read("slice.dcm")
    >>> set_pixels(ds, ds.pixel_array[::2, ::2], transfer_syntax="JPEGLSLossless")
    >>> ds.Rows, ds.Columns, ds.pixel_array.shape
    (64, 64, (64, 64))
    """
    array = np.asarray(array)
    shape = _shape(array, ds, photometric_interpretation, frames)
    keyword, allocated = _storage(array, shape)
    stored = _bits_stored(array, allocated, bits_stored)
    target = None if transfer_syntax is None else target_row(transfer_syntax)
    image = _described(ds, array, shape, photometric_interpretation, keyword, (allocated, stored))
    if target is not None and target["encapsulated"]:
        image = transcode(image, target["uid"], new_instance=False)
        uid = target["uid"]
    else:
        uid = target["uid"] if target is not None else _native_syntax(ds)
    _replace(ds, image, with_frames=array.ndim == 3 + (shape.samples > 1))
    ds.file_meta.TransferSyntaxUID = uid


def _shape(array: NDArray[Any], ds: Dataset, photometric: str | None, frames: int | None) -> _Shape:
    """Tell frames, rows, columns and samples apart."""
    if photometric is not None and photometric not in (*_GREY, *_COLOUR):
        raise ValueError(f"`photometric_interpretation` is none of {', '.join((*_GREY, *_COLOUR))}")
    if 0 in array.shape or not 2 <= array.ndim <= 4:
        expected = "(rows, columns), (frames, rows, columns) or either with 3 behind it, none of them 0"
        raise ValueError(f"`array` has shape {array.shape}, expected {expected}")
    is_colour = array.ndim == 4
    if array.ndim == 3:
        is_colour = photometric in _COLOUR if photometric is not None else _is_colour(array, ds, frames)
    of_colour = is_colour if photometric is None else photometric in _COLOUR
    if is_colour != of_colour or (is_colour and array.shape[-1] != 3):
        raise ValueError(f"`array` has shape {array.shape}, which does not fit {photometric or 'three samples'}")
    inner = array.ndim - is_colour
    shape = _Shape(
        frames=array.shape[0] if inner == 3 else 1,
        rows=array.shape[inner - 2],
        columns=array.shape[inner - 1],
        samples=3 if is_colour else 1,
    )
    if frames is not None and frames != shape.frames:
        raise ValueError(f"`array` has shape {array.shape}, which does not fit `frames` {frames}")
    if max(shape.rows, shape.columns) > 0xFFFF:
        raise ValueError(f"`array` has shape {array.shape}, expected at most 65535 rows and columns")
    return shape


def _is_colour(array: NDArray[Any], ds: Dataset, frames: int | None) -> bool:
    """Decide about (n, rows, 3) that could be colour or narrow frames, never by a guess."""
    if array.shape[-1] != 3:
        return False
    if frames is not None:
        return bool(frames != array.shape[0])
    samples, size = ds.get("SamplesPerPixel"), (ds.get("Rows"), ds.get("Columns"))
    if samples == 3 and size == array.shape[:2]:
        return True
    if samples == 1 and size == array.shape[1:]:
        return False
    message = f"`array` has shape {array.shape}: (rows, columns, 3) or (frames, rows, columns)?"
    raise ValueError(f"{message} give `photometric_interpretation` or `frames`")


def _storage(array: NDArray[Any], shape: _Shape) -> tuple[str, int]:
    """Return the element that holds such an array, and Bits Allocated."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f" and f"f{size}" in _FLOATS:
        if shape.samples > 1:
            raise ValueError("`array` holds floating point in colour, for which DICOM has no pixel data")
        return _FLOATS[f"f{size}"], 8 * size
    if kind == "b":
        if shape.samples > 1:
            raise ValueError("`array` holds single bits in colour, for which DICOM has no pixel data")
        return "PixelData", 1
    if kind in "iu":
        return "PixelData", 8 * size
    raise ValueError(f"`array` has dtype {array.dtype}, expected bool, integers, float32 or float64")


def _bits_stored(array: NDArray[Any], allocated: int, bits_stored: int | None) -> int:
    if bits_stored is None:
        return allocated
    if array.dtype.kind == "f":
        raise ValueError("`bits_stored` is not for floating point")
    if not 1 <= bits_stored <= allocated:
        raise ValueError(f"`bits_stored` is {bits_stored}, expected 1 to {allocated}")
    if bits_stored < allocated:
        signed = array.dtype.kind == "i"
        low, high = (-(1 << bits_stored - 1), (1 << bits_stored - 1) - 1) if signed else (0, (1 << bits_stored) - 1)
        if int(array.min()) < low or int(array.max()) > high:
            raise ValueError(f"`array` has values that {bits_stored} bits do not hold")
    return bits_stored


def _described(
    ds: Dataset, array: NDArray[Any], shape: _Shape, photometric: str | None, keyword: str, bits: tuple[int, int]
) -> Dataset:
    """Make a data set of the pixel data and what describes them, nothing else, in Explicit VR Little Endian."""
    allocated, stored = bits
    image = Dataset()
    image.SamplesPerPixel = shape.samples
    image.PhotometricInterpretation = photometric or _photometric(ds, array, shape)
    if shape.samples > 1:
        image.PlanarConfiguration = 0
    image.NumberOfFrames = shape.frames
    image.Rows, image.Columns = shape.rows, shape.columns
    image.BitsAllocated = allocated
    if keyword == "PixelData":
        image.BitsStored, image.HighBit = stored, stored - 1
        image.PixelRepresentation = int(array.dtype.kind == "i")
        image.PixelData = b""
    else:
        setattr(image, keyword, b"")
    image.file_meta.TransferSyntaxUID = _NATIVE
    description = PixelDescription.of(image)
    stack = array.reshape(shape.frames, *description.frame_shape)
    value = native_value(description, stack.__getitem__)
    if keyword == "PixelData":
        image.add_new(keyword, "OB" if allocated <= 8 else "OW", value)
    else:
        setattr(image, keyword, value)
    for before in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if before in ds:
            image[before] = ds[before].value
    return image


def _photometric(ds: Dataset, array: NDArray[Any], shape: _Shape) -> str:
    if shape.samples == 3:
        return "RGB"
    now = ds.get("PhotometricInterpretation")
    fits = now in _GREY and (now != "PALETTE COLOR" or array.dtype.kind == "u")
    return str(now) if fits else "MONOCHROME2"


def _native_syntax(ds: Dataset) -> str:
    """Return the transfer syntax of a data set when its pixel data are native in it, else Explicit VR Little Endian."""
    uid = str(ds.file_meta.get("TransferSyntaxUID") or "")
    if not uid and ds.path is None:
        return _NATIVE
    try:
        row = row_of(uid or "1.2.840.10008.1.2")
    except UnsupportedError:
        return _NATIVE
    is_kept = row["codec"] == "native" and not (row["encapsulated"] or turns_pixels(row))
    return str(row["uid"]) if is_kept else _NATIVE


def _replace(ds: Dataset, image: Dataset, *, with_frames: bool) -> None:
    """Put the image into the data set, and take out what described another."""
    had_frames = "NumberOfFrames" in ds
    was_signed = ds.get("PixelRepresentation")
    padding = {keyword: ds.pop(keyword) for keyword in _PADDING if keyword in ds}
    for keyword in (*_PIXELS, *_STALE, *_DESCRIBED):
        ds.pop(keyword, None)
    if image.PhotometricInterpretation != "PALETTE COLOR" and ds.get("PixelPresentation") is None:
        for keyword in _PALETTE:
            ds.pop(keyword, None)
    for group in GROUPS:
        if (group, _OVERLAY_BIT_POSITION) in ds and (group, _OVERLAY_DATA) not in ds:
            for tag in [tag for tag in ds.keys() if tag >> 16 == group]:  # noqa: SIM118 - elements, not tags, come first
                del ds[tag]
    if not (with_frames or had_frames):
        del image.NumberOfFrames
    ds.update(image)
    for keyword, value in padding.items():
        signed = ds.get("PixelRepresentation")
        if "PixelData" in ds and isinstance(value, int) and (signed == was_signed or 0 <= value < 1 << 15):
            setattr(ds, keyword, value)
