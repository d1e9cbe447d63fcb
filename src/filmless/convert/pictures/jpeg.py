"""JPEG and JPEG-LS: what a transfer syntax can carry goes in as it is, the rest is decoded."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Picture, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.as_it_is import as_it_is, description_of
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation
from filmless.convert.pictures.jpeg_metadata import MESSAGES, information_of, metadata_codes, without_metadata
from filmless.convert.pictures.pillow import decode_with_pillow, open_with_pillow
from filmless.errors import ConversionError, DicomError, FormatError
from filmless.pixels.codecs.code_stream import keep_freed_memory
from filmless.pixels.codecs.jpeg import MAX_PIXELS_PER_BYTE, decode_stream, with_whole_spectrum
from filmless.pixels.codecs.jpeg_stream import (
    JPEG_LS,
    JpegSegment,
    JpegStream,
    check_tables,
    damage,
    parse_jpeg,
    with_rows,
)
from filmless.pixels.description import PixelDescription

__all__ = ["read", "read_stream", "stored_stream"]

_START_OF_SCAN, _HIERARCHICAL, _RESTART_INTERVAL, _QUANTISATION = 0xDA, 0xDE, 0xDD, 0xDB
_JPEG_LS_FRAME, _JPEG_LS_PARAMETERS, _APP2, _APP8 = 0xF7, 0xF8, 0xE2, 0xE8
_BASELINE, _EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
_LOSSLESS, _FIRST_ORDER = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
_LS_LOSSLESS, _LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"

_MAX_PROGRESSIVE = 8300  # pixels of one byte: its later scans may say nothing at all
_MAX_LOSSLESS = 8  # a sample takes a bit
_MAX_RUN = 1 << 14  # JPEG-LS has runs of any length
_FREE_PIXELS = 1 << 25  # believed of any stream that can have them
_MOST_SEGMENTS = 1 << 16
_LARGE = 1 << 18  # bytes of a file from which new memory for it costs more than reading it

_OTHER_DATA = b"\x9d\x3b\xe7\x51" * 16  # coded data of no meaning; not all ones or zeros, which can mean "no change"
_FILLING = re.compile(rb"\xff+")
_RESTARTS = re.compile(rb"\xff[\xd0-\xd7]")


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a JPEG: as it is when a transfer syntax can carry it and it is upright; else its samples.

    Its structure is checked; whether its coded data are whole is seen only when ``options.verify`` decodes them.

    Raises
    ------
    ConversionError
        It is damaged or ends early, or is of a kind that nobody decodes.

    DICOM
    -----
    PS3.5 8.2.1, 8.2.3 and Table 8.2.1-1
    """
    if len(data) >= _LARGE:
        keep_freed_memory()  # files are read one after the other, each into memory of its size
    stream = _checked(data, options)
    _tell_of_the_rest(data, stream, options)
    return [read_stream(data, stream, options)]


def read_stream(data: bytes, stream: JpegStream, options: ReadOptions) -> Picture:
    """Make a picture of a JPEG whose structure is right.

    DICOM
    -----
    PS3.5 8.2.1, 8.2.3
    """
    information = information_of(data, stream)
    reason = _reason(data, stream, information)
    if reason is None:
        return _as_it_is(data, stream, information, options)
    options.notice("decoded", f"the JPEG is stored uncompressed: {reason}")
    if stream.is_lossless or stream.process == JPEG_LS or stream.precision != 8:
        return _decode_deep(data, stream, information, options)
    with open_with_pillow("JPEG", with_rows(data, stream)[: stream.end]) as image:
        return decode_with_pillow(image, information, options, lossy_bytes=stream.end)


def stored_stream(data: bytes, options: ReadOptions) -> tuple[bytes, PixelDescription, str | None]:
    """Return the stream of a frame as it is to be stored, its description, and how it lost what it lost.

    Raises
    ------
    ConversionError
        It is damaged or ends early, or cannot go in as it is.

    DICOM
    -----
    PS3.5 8.2.1
    """
    stream = _checked(data, options)
    reason = _reason(data, stream, PictureInformation())
    if reason is not None:
        raise ConversionError(f"the JPEG cannot go in as it is: {reason}")
    return _stored(data, stream, options)


def _stored(data: bytes, stream: JpegStream, options: ReadOptions) -> tuple[bytes, PixelDescription, str | None]:
    if options.verify:
        _verify(data, stream)
        if damage(data, stream) is not None:
            options.notice(
                "damaged-stream", "the coded data of the JPEG are damaged: a part of the picture may be wrong"
            )
    whole = with_rows(data, stream)
    stored = without_metadata(whole, stream) if options.strip_metadata else whole[: stream.end]
    return stored, *_described(data, stream)


def _checked(data: bytes, options: ReadOptions) -> JpegStream:
    """Walk a stream and check its structure."""
    frame_header = _frame_header(data)
    try:
        stream = parse_jpeg(data, jpeg_ls=frame_header == _JPEG_LS_FRAME)
        check_size(stream.columns, stream.rows, options.max_pixels)
        _check_structure(data, stream)
    except FormatError as error:
        raise ConversionError(error.message, offset=error.offset) from error
    return stream


def _frame_header(data: bytes) -> int:
    """Find the marker of the frame header; 0 when there is none before the bytes end or make no sense.

    Raises
    ------
    ConversionError
        The JPEG is hierarchical: no library of today decodes that, and no transfer syntax carries it any more.
    """
    position = 2
    for _ in range(_MOST_SEGMENTS):
        filling = _FILLING.match(data, position)
        position = filling.end() - 1 if filling else position
        marker = data[position + 1 : position + 2]
        if data[position : position + 1] != b"\xff" or not marker or marker[0] == _START_OF_SCAN:
            break
        if marker[0] == _HIERARCHICAL:
            raise ConversionError("hierarchical JPEG is not converted")
        if marker[0] == _JPEG_LS_FRAME or (0xC0 <= marker[0] <= 0xCF and marker[0] not in (0xC4, 0xC8, 0xCC)):
            return marker[0]
        position += 2 if marker == b"\x01" else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0


def _check_structure(data: bytes, stream: JpegStream) -> None:
    """Check what can be checked without decoding.

    Raises
    ------
    FormatError
        A table, a restart marker or a scan is missing.
    ConversionError
        The stream is too short for its size.
    """
    check_tables(data, stream)
    pixels, scans = stream.rows * stream.columns, [found for found in stream.segments if found.marker == _START_OF_SCAN]
    if stream.process == JPEG_LS:
        most = max(_FREE_PIXELS, _MAX_RUN * len(data))
        if sum(len(_components(data, scan)) for scan in scans) != len(stream.components):
            raise FormatError("JPEG-LS has components without a scan", offset=stream.end)
    else:
        per_byte = _MAX_PROGRESSIVE if stream.is_progressive else MAX_PIXELS_PER_BYTE
        most = (_MAX_LOSSLESS if stream.is_lossless else per_byte) * len(data)
        seen = {component for scan in scans for component in _components(data, scan)}
        if not {component.identifier for component in stream.components} <= seen:
            raise FormatError("JPEG has components without a scan", offset=stream.end)
        if not stream.is_lossless and all(segment.marker != _QUANTISATION for segment in stream.segments):
            raise FormatError("JPEG has no quantisation table", offset=0)
    if pixels > most:
        raise ConversionError(f"the JPEG of {len(data)} bytes is too short for its size")
    _check_restarts(data, stream)


def _components(data: bytes, scan: JpegSegment) -> bytes:
    """Return the identifiers of the components of a scan."""
    content = data[scan.offset + 4 : scan.offset + scan.size]
    return content[1 : 1 + 2 * content[0] : 2] if content else b""


def _check_restarts(data: bytes, stream: JpegStream) -> None:
    """Hold the restart markers of each scan against their interval; some writers put one behind the last, too."""
    interval, scan = 0, 0
    for segment in stream.segments:
        if segment.marker == _RESTART_INTERVAL:
            interval = int.from_bytes(data[segment.offset + 4 : segment.offset + segment.size], "big")
        elif segment.marker == _START_OF_SCAN:
            count, in_order = stream.restarts[scan]
            scan += 1
            units = _units(data, stream, segment)
            expected = -(-units // interval) - 1 if interval else 0
            if not in_order or count not in (expected, expected + (interval > 0)):
                message = f"JPEG scan has {count} restart markers, expected {expected} in order: it is cut or damaged"
                raise FormatError(message, offset=segment.offset)


def _units(data: bytes, stream: JpegStream, scan: JpegSegment) -> int:
    """Count what restart intervals count: minimum coded units, or the lines of JPEG-LS (ISO/IEC 10918-1 A.2)."""
    if stream.process == JPEG_LS:
        return stream.rows
    wide = max(1, *(component.horizontal for component in stream.components))
    high = max(1, *(component.vertical for component in stream.components))
    size = 1 if stream.is_lossless else 8
    identifiers = _components(data, scan)
    if len(identifiers) > 1:
        return -(-stream.columns // (size * wide)) * -(-stream.rows // (size * high))
    own = [found for found in stream.components if found.identifier in identifiers]
    if not own:
        raise FormatError("JPEG scan is of no component", offset=scan.offset)
    columns = -(-stream.columns * own[0].horizontal // wide)
    rows = -(-stream.rows * own[0].vertical // high)
    return -(-columns // size) * -(-rows // size)


def _tell_of_the_rest(data: bytes, stream: JpegStream, options: ReadOptions) -> None:
    if stream.end == len(data) or not data[stream.end :].strip(b"\0"):
        return
    several = any(
        segment.marker == _APP2 and data[segment.offset + 4 : segment.offset + 8] == b"MPF\0"
        for segment in stream.segments
    )
    if several:
        options.notice("further-pictures", "the file holds more pictures: its first is converted")
    else:
        options.notice("trailing-bytes", "bytes behind the end of the JPEG are left out")


def _reason(data: bytes, stream: JpegStream, information: PictureInformation) -> str | None:
    """Say why a stream cannot go in as it is; None when it can."""
    count, process = len(stream.components), stream.process
    if count not in (1, 3):
        return f"it has {count} components"
    if process not in (0, 1, 3, JPEG_LS):
        kind = "progressive" if stream.is_progressive else "arithmetic coding" if process > 8 else "differential"
        return f"it is of process SOF{process} ({kind}), which no transfer syntax of today has"
    if process == 1 and count == 3:
        return "it is of process SOF1, which has no colour in DICOM"
    if process in (3, JPEG_LS) and count == 3 and any(part[1:] != (1, 1) for part in stream.components):
        return "its components differ in size"
    if process == 3 and not 2 <= stream.precision <= 16:
        raise ConversionError(f"lossless JPEG has samples of {stream.precision} bits, expected 2 to 16")
    if process == JPEG_LS and _has_own_colours(data, stream):
        return "it has a colour transform of its own"
    if information.orientation != 1:
        return "it has to be turned upright"
    return None


def _has_own_colours(data: bytes, stream: JpegStream) -> bool:
    """Whether JPEG-LS has a transform that is none of the standard's.

    Raises
    ------
    ConversionError
        It has mapping tables, which its decoders do not apply.
    """
    for segment in stream.segments:
        content = data[segment.offset + 4 : segment.offset + segment.size]
        if segment.marker == _JPEG_LS_PARAMETERS and content[:1] in (b"\2", b"\3"):
            raise ConversionError("JPEG-LS with mapping tables is not converted", offset=segment.offset)
        if segment.marker == _APP8 and content.startswith(b"mrfx") and content[4:5] != b"\0":
            return True
    return False


def _as_it_is(data: bytes, stream: JpegStream, information: PictureInformation, options: ReadOptions) -> Picture:
    """Pass the stream on."""
    stored, description, method = _stored(data, stream, options)
    if not options.strip_metadata:
        for code in sorted({code for segment in stream.segments for code in metadata_codes(data, segment)}):
            options.notice(code, MESSAGES[code])
    if stream.rows_at is not None:
        options.notice("rows-filled-in", "the JPEG says its rows behind its first scan: they are put into its header")
    return as_it_is(
        (stored,),
        description,
        options,
        lossy_method=method,
        resolution=information.resolution,
        icc_profile=information.rgb_profile(options, fits=description.samples == 3),
    )


def _described(data: bytes, stream: JpegStream) -> tuple[PixelDescription, str | None]:
    """Say what the data set has to say of a stream, and how it lost what it lost."""
    predictors = {
        data[segment.offset + segment.size - 3] for segment in stream.segments if segment.marker == _START_OF_SCAN
    }
    method = None
    if stream.process == JPEG_LS:
        syntax = _LS_NEAR_LOSSLESS if any(predictors) else _LS_LOSSLESS  # there, it is the allowed error
        method = "ISO_14495_1" if any(predictors) else None
        colour = "YBR_FULL" if stream.jfif else "RGB"
    elif stream.is_lossless:
        syntax = _FIRST_ORDER if predictors == {1} else _LOSSLESS
        # Without a word on them, colours that were not transformed are RGB; libjpeg takes them so, too.
        said = stream.jfif or stream.adobe_transform is not None
        colour = "YBR_FULL" if said and not stream.is_rgb else "RGB"
    else:
        syntax, method = _BASELINE if stream.is_baseline else _EXTENDED, "ISO_10918_1"
        # PS3.5 Table 8.2.1-1 knows YBR_FULL_422 and RGB only; the term says nothing on the stream's real subsampling.
        colour = "RGB" if stream.is_rgb else "YBR_FULL_422"
    description = description_of(
        syntax,
        "MONOCHROME2" if len(stream.components) == 1 else colour,
        rows=stream.rows,
        columns=stream.columns,
        samples=len(stream.components),
        precision=stream.precision,
        signed=False,
    )
    return description, method


def _verify(data: bytes, stream: JpegStream) -> None:
    """Refuse a stream whose coded data end early, which libjpeg does not say: it goes on with zeros in silence.

    Of a whole stream nothing behind the last pixel matters: other data put there must not change the picture.
    """
    scan = stream.segments[-1]
    if stream.process == JPEG_LS or scan.marker != _START_OF_SCAN:
        return  # CharLS looks; and where something was written behind the scan, nobody cut it
    data = _mended(data, stream)
    coded = data[: stream.end - 2].rstrip(b"\xff")
    # Where it was cut at a restart, nothing is looked at before the next marker.
    restart = bytes([0xFF, 0xD0 + len(_RESTARTS.findall(coded, scan.offset + scan.size)) % 8])
    longer = coded + _OTHER_DATA + restart + _OTHER_DATA + b"\xff\xd9"
    try:
        whole = np.array_equal(decode_stream(longer, replace(stream, end=len(longer))), decode_stream(data, stream))
    except DicomError as error:
        raise ConversionError(error.message) from error
    if not whole:
        raise ConversionError("the JPEG's coded data ends early")


def _mended(data: bytes, stream: JpegStream) -> bytes:
    """Mend scan headers for the decoder."""
    if stream.is_lossless or stream.process == JPEG_LS:
        return data
    return with_whole_spectrum(data, stream) or data


def _decode_deep(data: bytes, stream: JpegStream, information: PictureInformation, options: ReadOptions) -> Picture:
    """Decode what Pillow cannot: lossless, JPEG-LS, and more than 8 bits."""
    if len(stream.components) not in (1, 3):
        raise ConversionError(
            f"JPEG of {stream.precision} bits and {len(stream.components)} components, expected 1 or 3"
        )
    lossy: dict[str, Any] = {}
    if not stream.is_lossless and stream.process != JPEG_LS:
        lossy = {"lossy_bytes": stream.end, "lossy_method": "ISO_10918_1"}
    return finish(
        _decoded(data, stream)[np.newaxis],
        information,
        options,
        bits_stored=stream.precision,
        **lossy,
    )


def _decoded(data: bytes, stream: JpegStream) -> NDArray[Any]:
    import imagecodecs

    whole = memoryview(with_rows(_mended(data, stream), stream))[: stream.end]
    decode = imagecodecs.jpegls_decode if stream.process == JPEG_LS else imagecodecs.jpeg8_decode
    try:
        return decode(whole)  # type: ignore[arg-type]
    except (RuntimeError, ValueError) as error:
        raise ConversionError(f"the JPEG does not decode: {error}") from error
