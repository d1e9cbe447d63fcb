"""What the compressed stream of a frame says of itself, where a data set may say nothing or something else."""

from typing import NamedTuple

from filmless.errors import DicomError
from filmless.pixels.codecs.jpeg_2000_stream import code_stream_of, parse_header
from filmless.pixels.codecs.jpeg_stream import parse_jpeg
from filmless.pixels.codecs.jpeg_xl_stream import is_lossy_jpeg_xl, parse_jpeg_xl
from filmless.pixels.description import PixelDescription

__all__ = ["CodedStream", "coded_stream"]

_START_OF_SCAN = 0xDA


class CodedStream(NamedTuple):
    """What a stream says.

    Attributes
    ----------
    precision
        Bits of a sample; None when the stream does not say, and has all bits of Bits Allocated.
    shows_loss
        Whether it was coded in a way that loses something. What else was lost, such as by cutting off a reversible
        JPEG 2000 stream, is not seen.
    """

    precision: int | None = None
    shows_loss: bool = False


def coded_stream(family: str, stream: bytes, description: PixelDescription) -> CodedStream:
    """Read the header of the stream of a frame; of one that is damaged nothing is known.

    Parameters
    ----------
    family
        How its transfer syntax codes, as the registry says.
    stream
        The stream.
    description
        What the data set says of it.

    DICOM
    -----
    PS3.5 8.2
    """
    try:
        if family in ("jpeg", "jpeg-lossless", "jpeg-ls"):
            jpeg = parse_jpeg(stream, jpeg_ls=family == "jpeg-ls")
            if family != "jpeg-ls":
                return CodedStream(jpeg.precision, not jpeg.is_lossless)
            scans = [segment for segment in jpeg.segments if segment.marker == _START_OF_SCAN]
            # The allowed error stands behind the components, before the interleave mode and the point transform.
            return CodedStream(jpeg.precision, any(stream[scan.offset + scan.size - 3] for scan in scans))
        if family in ("jpeg-2000", "htj2k"):
            header = parse_header(code_stream_of(stream, 0)[0], 0)
            return CodedStream(header.precision, not header.reversible)
        if family == "jpeg-xl":
            precision = parse_jpeg_xl(stream, description, 0)[0].precision
            return CodedStream(precision, bool(is_lossy_jpeg_xl(stream)))
    except DicomError:
        pass  # whoever decodes the frame hears of it
    return CodedStream()
