"""JPEG 2000 and HTJ2K: the code stream goes in as it is, without its boxes; what they alone explain is decoded."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Picture, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.as_it_is import as_it_is, description_of
from filmless.convert.pictures.finishing import finish, rgb_of_cmyk
from filmless.convert.pictures.information import PictureInformation
from filmless.convert.pictures.jpeg_2000_boxes import CMYK, GREYSCALE, SRGB, SYCC, Boxes, boxes_of
from filmless.errors import CodecError, ConversionError
from filmless.pixels.codecs.code_stream import CodeStream, check_yield, keep_freed_memory
from filmless.pixels.codecs.jpeg_2000_stream import Jpeg2000Stream, TileParts, parse_header, walk_tile_parts
from filmless.pixels.colour import ybr_to_rgb

__all__ = ["read"]

_LOSSLESS, _LOSSY = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"
_HT_LOSSLESS, _HT_RPCL, _HT_LOSSY = (f"1.2.840.10008.1.2.4.{number}" for number in (201, 202, 203))
_COMMENT = 0xFF64
_RPCL = 2  # resolution, position, component, layer
_MOST_BASE = 64  # rows and columns of the lowest resolution, so that it serves as a thumbnail
_METHODS = {False: "ISO_15444_1", True: "ISO_15444_15"}


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a JPEG 2000 or HTJ2K code stream, alone or in the boxes of a JP2, JPX or JPH file.

    Its tile-parts are walked, its packets are decoded only when ``options.verify`` asks for it, and of grey with more
    than 8 bits.

    Raises
    ------
    ConversionError
        It is damaged or ends early, or its components are nothing that an image has.

    DICOM
    -----
    PS3.5 8.2.4, 8.2.14, 10.18
    """
    boxes = Boxes(code_stream=(0, len(data)), code_streams=1)
    if not data.startswith(b"\xff\x4f"):
        boxes = boxes_of(data)
        if boxes.code_streams > 1:
            options.notice("further-pictures", "the file holds more pictures: its first is converted")
    start, end = boxes.code_stream
    code_stream = data[start:end]
    try:
        stream = parse_header(code_stream, 0)
        check_size(stream.columns, stream.rows, options.max_pixels)
        header = CodeStream("JPEG 2000", stream.rows, stream.columns, stream.components, stream.precision)
        check_yield(header, len(code_stream), 0)
        parts = walk_tile_parts(code_stream, stream, 0)
    except CodecError as error:
        raise ConversionError(error.message) from error
    if code_stream[parts.end :].strip(b"\0"):
        options.notice("trailing-bytes", "bytes behind the end of the JPEG 2000 code stream are left out")
    code_stream = code_stream[: parts.end]
    information = PictureInformation(1, boxes.resolution, boxes.profile)
    reason = _reason(stream, boxes)
    if reason is None:
        return [_as_it_is(code_stream, stream, parts, information, options)]
    options.notice("decoded", f"the JPEG 2000 picture is stored uncompressed: {reason}")
    return [_decoded(code_stream, stream, parts, boxes, information, options)]


def _comments(data: bytes, stream: Jpeg2000Stream, options: ReadOptions) -> bytes:
    """Leave the comments of the main header out when it is asked for; else tell that there are some."""
    parts, begin, position = [], 0, 2
    while position < stream.first_tile_part:
        marker, size = struct.unpack_from(">HH", data, position)
        if marker == _COMMENT:
            parts.append(data[begin:position])
            begin = position + 2 + size
        position += 2 + size
    if parts and not options.strip_metadata:
        options.notice("embedded-comment", "the JPEG 2000 picture keeps its comment")
    return b"".join([*parts, data[begin:]]) if parts and options.strip_metadata else data


def _reason(stream: Jpeg2000Stream, boxes: Boxes) -> str | None:
    """Say why a code stream cannot go in as it is; None when it can."""
    if boxes.colour not in (None, CMYK, SRGB, GREYSCALE, SYCC):
        raise ConversionError(f"JPEG 2000 has the colour space {boxes.colour}, expected sRGB, grey, sYCC or CMYK")
    if boxes.palette is not None:
        return "it has a palette"
    if boxes.colour == CMYK:
        return "its colours are CMYK"
    if boxes.unspecified:
        return "it has channels that are no colours"
    if boxes.alpha is not None or stream.components in (2, 4):
        return "it has an alpha channel"
    if stream.components not in (1, 3):
        raise ConversionError(f"JPEG 2000 has {stream.components} components, expected 1 to 4")
    if stream.subsampled:
        return "its components differ in size"
    if boxes.colour == SYCC and stream.components == 3:
        return "its colours are sYCC"
    if boxes.colours is not None:
        return "its colours are in another order"
    return None


def _syntax(stream: Jpeg2000Stream, parts: TileParts) -> tuple[str, bool]:
    """Return the narrowest transfer syntax that allows a stream, and whether it loses nothing."""
    reversible = all(coding.reversible for coding in (stream.coding, *parts.own.values()))
    if not stream.high_throughput:
        return (_LOSSLESS if reversible else _LOSSY), reversible
    if not reversible:
        return _HT_LOSSY, False
    levels = min(len(of_one) - 1 for of_one in stream.coding.precincts)
    is_small = max(stream.rows, stream.columns) <= _MOST_BASE << levels
    narrow = stream.progression == _RPCL and stream.has_lengths and is_small and not parts.own
    return (_HT_RPCL if narrow else _HT_LOSSLESS), True


def _as_it_is(
    data: bytes, stream: Jpeg2000Stream, parts: TileParts, information: PictureInformation, options: ReadOptions
) -> Picture:
    if parts.mended is not None:
        options.notice("tile-part-length", "the last tile-part of the JPEG 2000 picture has a wrong length")
    if stream.signed and stream.components == 3:
        raise ConversionError("JPEG 2000 has signed colours, expected unsigned ones")
    syntax, reversible = _syntax(stream, parts)
    colour = "RGB" if not stream.transformed else "YBR_RCT" if stream.reversible else "YBR_ICT"
    description = description_of(
        syntax,
        "MONOCHROME2" if stream.components == 1 else colour,
        rows=stream.rows,
        columns=stream.columns,
        samples=stream.components,
        precision=stream.precision,
        signed=stream.signed,
    )
    return as_it_is(
        (_comments(data, stream, options),),
        description,
        options,
        lossy_method=None if reversible else _METHODS[stream.high_throughput],
        resolution=information.resolution,
        icc_profile=information.rgb_profile(options, fits=stream.components == 3),
    )


def _decoded(
    data: bytes,
    stream: Jpeg2000Stream,
    parts: TileParts,
    boxes: Boxes,
    information: PictureInformation,
    options: ReadOptions,
) -> Picture:
    """Decode components and make of them what the boxes say: entries of a palette, RGB, opaque."""
    if stream.signed or stream.precision > 16:
        raise ConversionError("JPEG 2000 has signed samples or more than 16 bits, expected unsigned ones of up to 16")
    samples, bits = _components(data, stream), stream.precision
    if boxes.palette is not None:
        if any(component >= stream.components for component, _ in boxes.palette.channels):
            raise ConversionError("the JPEG 2000 palette is of a component that is not there")
        samples, bits = boxes.palette.applied(samples), boxes.palette.bits
    channels = samples.shape[2]
    alpha = boxes.alpha
    if alpha is None and channels in (2, 4) and boxes.colour != CMYK and not boxes.unspecified:
        alpha = channels - 1
    if boxes.unspecified:
        options.notice(
            "extra-samples", "channels of the JPEG 2000 picture that are neither colour nor alpha are left out"
        )
    left_out = boxes.unspecified | {alpha}
    order = boxes.colours or tuple(channel for channel in range(channels) if channel not in left_out)
    expected = (4,) if boxes.colour == CMYK else (1, 3)
    if len(order) not in expected or max(*order, alpha or 0) >= channels:
        raise ConversionError(f"JPEG 2000 has {len(order)} colours, expected {' or '.join(map(str, expected))}")
    colours = samples[:, :, list(order)]
    if boxes.colour == CMYK:
        if bits not in (8, 16) or alpha is not None:
            raise ConversionError(f"JPEG 2000 of inks of {bits} bits, or with alpha, is not converted")
        colours = rgb_of_cmyk(colours)
    if boxes.colour == SYCC and len(order) == 3 and not stream.subsampled:
        colours = ybr_to_rgb(colours, bits=bits)
    if alpha is not None:
        colours = np.concatenate([colours, samples[:, :, [alpha]]], axis=2)
    if colours.shape[2] == 1:
        colours = colours[:, :, 0]
    _, reversible = _syntax(stream, parts)
    lossy: dict[str, Any] = {}
    if not reversible:
        lossy = {"lossy_bytes": len(data), "lossy_method": _METHODS[stream.high_throughput]}
    return finish(
        np.ascontiguousarray(colours)[np.newaxis],
        information,
        options,
        bits_stored=bits,
        profile_fits=boxes.colour != CMYK,
        premultiplied=boxes.premultiplied,
        **lossy,
    )


def _components(data: bytes, stream: Jpeg2000Stream) -> NDArray[Any]:
    """Decode all components, shape (rows, columns, components)."""
    import imagecodecs

    keep_freed_memory()
    try:
        samples = imagecodecs.jpeg2k_decode(data)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ConversionError(f"the JPEG 2000 picture does not decode: {error}") from error
    if samples.shape[:2] != (stream.rows, stream.columns):
        raise ConversionError("the JPEG 2000 picture decodes to another size than its header says")
    return samples.reshape(stream.rows, stream.columns, -1)
