"""What a picture says of itself: Image Pixel, VOI, lossy history, size, and the samples or streams."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Picture, inverted
from filmless.convert.header.sop_classes import SopClass
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.pixels.encapsulation import encapsulate, encapsulate_stream

__all__ = ["grey_for", "image_pixel", "lossy_history", "resolution_of", "store_pixels", "voi"]

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_MAX_VALUE = 0xFFFF_FFFE
_SCANNED = ("DF", "SD", "SI")
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_LOSSY = ("LossyImageCompressionRatio", "LossyImageCompressionMethod")
_WINDOWS = ("WindowCenter", "WindowWidth", "VOILUTSequence")


def grey_for(row: SopClass, picture: Picture, tell: Callable[[ConversionNotice], None]) -> Picture:
    """Invert a picture whose smallest value is white, unless its SOP class may say that it is.

    DICOM
    -----
    PS3.3 A.8.3.4, C.8.5.6.1.2, C.8.12.1.1.1, C.8.17.2.1.2: all but the SC Image ask for MONOCHROME2.
    """
    if picture.photometric_interpretation != "MONOCHROME1" or picture.pixels is None:
        return picture
    if "SC Image" in row.modules and not row.multi_frame:
        return picture
    tell(ConversionNotice("inverted", f"the smallest value is white, which a {row.name} cannot say: it is inverted"))
    is_bits = picture.bits_allocated == 1
    grey = np.equal(picture.pixels, 0).view(np.uint8) if is_bits else inverted(picture.pixels, picture.bits_stored)
    return replace(picture, pixels=grey, photometric_interpretation="MONOCHROME2")


def image_pixel(picture: Picture) -> dict[str, Any]:
    """Fill the Image Pixel Module, or that of floats, and what General Image says of lossy compression.

    DICOM
    -----
    PS3.3 C.7.6.3, C.7.6.24, C.7.6.25, C.7.6.1.1.5
    """
    values: dict[str, Any] = {
        "SamplesPerPixel": picture.samples,
        "PhotometricInterpretation": picture.photometric_interpretation,
        "Rows": picture.rows,
        "Columns": picture.columns,
        "BitsAllocated": picture.bits_allocated,
    }
    if not picture.is_float:
        values |= {
            "BitsStored": picture.bits_stored,
            "HighBit": picture.bits_stored - 1,
            "PixelRepresentation": int(picture.signed),
        }
    if picture.samples > 1:
        values["PlanarConfiguration"] = 0
    if picture.icc_profile is not None:
        values["ICCProfile"] = picture.icc_profile + b"\0" * (len(picture.icc_profile) % 2)
    lossy_bytes, method = picture.lossy_bytes, picture.lossy_method
    if picture.stream is not None and picture.stream.lossy_method is not None:
        lossy_bytes, method = sum(map(len, picture.stream.frames)), picture.stream.lossy_method
    if lossy_bytes and method:
        values["LossyImageCompression"] = "01"
        values["LossyImageCompressionRatio"] = f"{picture.stored_bytes / lossy_bytes:.4g}"
        values["LossyImageCompressionMethod"] = method
    return values


def lossy_history(values: dict[Any, Any], own: Mapping[str, Any]) -> None:
    """Put what was lost in this picture behind what was lost before, as somebody who knows its past says.

    Raises
    ------
    ConversionError
        It is said that something was lost, and not by how much.

    DICOM
    -----
    PS3.3 C.7.6.1.1.5
    """
    if own.get("LossyImageCompression") == "01":
        values["LossyImageCompression"] = "01"
        for keyword in _LOSSY:
            before = values.get(keyword)
            if before not in (None, "", own[keyword]):
                values[keyword] = [*(before if isinstance(before, list) else [before]), own[keyword]]
    if values.get("LossyImageCompression") == "01":
        missing = [keyword for keyword in _LOSSY if not values.get(keyword)]
        if missing:
            raise ConversionError(f"LossyImageCompression is given, which needs {' and '.join(missing)}")


def voi(picture: Picture, given: Mapping[Any, Any]) -> dict[str, Any]:
    """Give a window over the values that are there, for grey whose range no screen shows; 8 bits need none."""
    plain = picture.bits_stored <= 8 and not picture.signed
    if picture.pixels is None or picture.samples > 1 or plain or any(keyword in given for keyword in _WINDOWS):
        return {}
    low, high = int(picture.pixels.min()), int(picture.pixels.max())
    return {"WindowCenter": f"{(low + high + 1) / 2:.10g}", "WindowWidth": f"{high - low + 1}"}


def resolution_of(picture: Picture, values: Mapping[Any, Any]) -> dict[str, Any]:
    """Give spacing or aspect: dots per inch are a size for print, and a pixel's true size only on a scan."""
    resolution = picture.resolution
    if resolution is None or "PixelAspectRatio" in values or any(keyword in values for keyword in _SPACINGS):
        return {}
    if not (resolution.x > 0 and resolution.y > 0):
        return {}
    if resolution.absolute and values.get("ConversionType") in _SCANNED:
        return {"NominalScannedPixelSpacing": [f"{25.4 / resolution.y:.10g}", f"{25.4 / resolution.x:.10g}"]}
    ratio = Fraction(resolution.x / resolution.y).limit_denominator(1000)  # height of a pixel : its width
    if ratio in (0, 1):
        return {}
    return {"PixelAspectRatio": [str(ratio.numerator), str(ratio.denominator)]}


def store_pixels(ds: Dataset, picture: Picture) -> None:
    """Set Pixel Data, or those of floats, and the transfer syntax that they are in.

    Raises
    ------
    ConversionError
        They are longer than an element can be, or there are none.

    DICOM
    -----
    PS3.5 8, A.4
    """
    if picture.stream is not None:
        frames = picture.stream.frames
        is_video = len(frames) < picture.frames or picture.photometric_interpretation == "YBR_PARTIAL_420"
        encapsulated = encapsulate_stream(frames[0]) if is_video else encapsulate(frames)
        ds.add_new("PixelData", "OB", encapsulated.value)
        if encapsulated.offsets is not None and encapsulated.lengths is not None:
            ds.add_new("ExtendedOffsetTable", "OV", encapsulated.offsets)
            ds.add_new("ExtendedOffsetTableLengths", "OV", encapsulated.lengths)
        ds.file_meta.TransferSyntaxUID = picture.stream.transfer_syntax
        return
    if picture.pixels is None:
        raise ConversionError("the picture has neither samples nor a stream")
    if picture.stored_bytes > _MAX_VALUE:
        raise ConversionError(f"{picture.stored_bytes} bytes of samples are too many, expected at most {_MAX_VALUE}")
    value = _value_of(picture.pixels, picture.bits_allocated)
    if picture.is_float:
        ds[{32: "FloatPixelData", 64: "DoubleFloatPixelData"}[picture.bits_allocated]] = value
    else:
        ds.add_new("PixelData", "OB" if picture.bits_allocated <= 8 else "OW", value)
    ds.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN


def _value_of(pixels: NDArray[Any], bits_allocated: int) -> bytes | memoryview:
    """Return samples as the value of an element; a view where no byte has to be moved."""
    if bits_allocated == 1:
        packed = np.packbits(pixels.reshape(-1).astype(bool), bitorder="little").tobytes()
        return packed + b"\0" * (len(packed) % 2)
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    if little.nbytes % 2:
        return little.tobytes() + b"\0"
    return _seen_in_bytes(little) or little.reshape(-1).view(np.uint8).data


def _seen_in_bytes(samples: NDArray[Any]) -> memoryview | None:
    """Return samples that stand in bytes, such as those of a file that was read, as a part of these."""
    base: Any = samples
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if not isinstance(base, bytes):
        return None
    start = samples.ctypes.data - np.frombuffer(base, np.uint8).ctypes.data
    return memoryview(base)[start : start + samples.nbytes]
