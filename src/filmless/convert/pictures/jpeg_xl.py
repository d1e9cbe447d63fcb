"""JPEG XL: the code stream goes in as it is, a recompressed JPEG with its boxes; what has alpha is decoded."""

from dataclasses import replace
from typing import Any

import numpy as np

from filmless.convert.content import Content, Picture, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures import jpeg
from filmless.convert.pictures.as_it_is import as_it_is, description_of
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation
from filmless.errors import CodecError, ConversionError, DicomError
from filmless.pixels.codecs.code_stream import CodeStream, check_yield, keep_freed_memory
from filmless.pixels.codecs.jpeg_stream import parse_jpeg
from filmless.pixels.codecs.jpeg_xl import restore_jpeg
from filmless.pixels.codecs.jpeg_xl_stream import JpegXlHeader, code_stream_of, read_header, without_metadata

__all__ = ["read"]

_LOSSLESS, _RECOMPRESSION, _ANY = (f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112))
_METHOD = "ISO_18181_1"


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a JPEG XL code stream, alone or in its boxes.

    It is always decoded: a code stream has no mark at its end, and nothing else tells that it is whole.

    Raises
    ------
    ConversionError
        It is damaged or ends early, or its samples are nothing that an image has.

    DICOM
    -----
    PS3.5 8.2.15, 10.19, A.4.12
    """
    try:
        code_stream, holds_jpeg = code_stream_of(data)
        header = read_header(code_stream)
        check_size(header.columns, header.rows, options.max_pixels)
        check_yield(CodeStream("JPEG XL", header.rows, header.columns, 1, 8), len(data), 0)
    except CodecError as error:
        raise ConversionError(error.message) from error
    if header.is_animation or header.precision is None or header.has_xyb is None:
        what = "an animation" if header.is_animation else "of floating point" if header.precision is None else ""
        raise ConversionError(f"JPEG XL is {what or 'of more channels than colours and alpha'}, which is not converted")
    if holds_jpeg:
        return [_recompressed(data, header, options)]
    if header.orientation != 1 or header.has_alpha:
        reason = "it has an alpha channel" if header.has_alpha else "it has to be turned upright"
        options.notice("decoded", f"the JPEG XL picture is stored uncompressed: {reason}")
        return [_decoded(code_stream, header, options)]
    return [_as_it_is(without_metadata(data), header, options)]


def _is_lossless(header: JpegXlHeader) -> bool:
    """Whether a stream is one of the lossless mode; without a word on it, it is taken for lossy."""
    return not header.has_xyb and header.is_modular is True


def _as_it_is(stored: bytes, header: JpegXlHeader, options: ReadOptions) -> Picture:
    lossless = _is_lossless(header)
    colour = "MONOCHROME2" if header.is_grey else "XYB" if header.has_xyb else "RGB"
    description = description_of(
        _LOSSLESS if lossless else _ANY,
        colour,
        rows=header.rows,
        columns=header.columns,
        samples=1 if header.is_grey else 3,
        precision=header.precision or 8,
        signed=False,
    )
    return as_it_is((stored,), description, options, lossy_method=None if lossless else _METHOD, decode=True)


def _recompressed(data: bytes, header: JpegXlHeader, options: ReadOptions) -> Picture:
    """Read what was made of a JPEG: what that says counts, and its own bits are what is kept."""
    try:
        restored = restore_jpeg(data)
        stream = parse_jpeg(restored)
    except DicomError as error:
        raise ConversionError(error.message) from error
    picture = jpeg.read_stream(restored, stream, options)
    if picture.stream is None:  # it was decoded, of which was told
        return picture
    if picture.stream.frames != (restored[: stream.end],):  # without metadata, it is another JPEG
        return picture
    if header.orientation != 1 or (stream.rows, stream.columns) != (header.rows, header.columns):
        raise ConversionError("JPEG XL has another size or orientation than the JPEG that it restores")
    return replace(picture, stream=replace(picture.stream, transfer_syntax=_RECOMPRESSION, frames=(data,)))


def _decoded(code_stream: bytes, header: JpegXlHeader, options: ReadOptions) -> Picture:
    import imagecodecs

    bits = header.precision or 8
    if bits > 16:
        raise ConversionError(f"the samples have {bits} bits, expected at most 16")
    keep_freed_memory()
    try:
        samples = imagecodecs.jpegxl_decode(code_stream, keeporientation=True)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ConversionError(f"the JPEG XL picture does not decode: {error}") from error
    channels = (1 if header.is_grey else 3) + header.has_alpha
    if samples.shape != (header.rows, header.columns) + ((channels,) if channels > 1 else ()):
        raise ConversionError("the JPEG XL picture decodes to another size than its header says")
    lossy: dict[str, Any] = {}
    if not _is_lossless(header):
        lossy = {"lossy_bytes": len(code_stream), "lossy_method": _METHOD}
    return finish(
        samples[np.newaxis],
        PictureInformation(header.orientation),
        options,
        bits_stored=bits,
        premultiplied=header.is_premultiplied,
        **lossy,
    )
