"""Videos that no transfer syntax carries: their frames, decoded."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import check_size
from filmless.convert.options import ReadOptions
from filmless.convert.video.opening import opened
from filmless.errors import ConversionError, LimitError

__all__ = ["DecodedVideo", "count_by_decoding", "decode_video"]

_HIGH_DEFINITION = 720  # rows from which colours are those of ITU-R BT.709 when the stream says nothing
_UNSPECIFIED = 2


class DecodedVideo(NamedTuple):
    """Frames of shape (frames, rows, columns[, 3]), their bits, and when each is shown."""

    frames: NDArray[Any]
    bits: int
    times: tuple[Fraction, ...]


def count_by_decoding(data: bytes) -> int:
    """Count the frames that decode.

    Raises
    ------
    ConversionError
        One is damaged.
    """
    with opened(data) as container:
        return sum(1 for _ in _decoded(container))


def decode_video(data: bytes, count: int, options: ReadOptions) -> DecodedVideo:
    """Decode all frames: grey with all its bits, colour as RGB of 8 bits, which is what multi-frame images have.

    Parameters
    ----------
    data
        The file.
    count
        Its coded pictures.
    options
        Has the bound.

    Raises
    ------
    ConversionError
        A frame is damaged, or of another size than the first.
    LimitError
        Together they have more pixels than ``options.max_pixels``.
    """
    with opened(data) as container:
        stream = container.streams.video[0]
        rows, columns = stream.codec_context.height, stream.codec_context.width
        _check_size(rows, columns, count, options)
        is_grey, bits = _kind(stream.codec_context.format)
        if not is_grey and bits > 8:
            options.notice("fewer-bits", f"the video has colours of {bits} bits: they are stored with 8")
            bits = 8
        dtype = np.uint8 if bits <= 8 else np.uint16
        frames = np.empty((count, rows, columns) + (() if is_grey else (3,)), dtype)
        times: list[Fraction] = []
        found = 0
        for decoded in _decoded(container):
            if (decoded.height, decoded.width) != (rows, columns):
                raise ConversionError("the video changes its size", frame=found)
            if found == len(frames):  # some codecs have more frames than packets
                _check_size(rows, columns, 2 * found, options)
                frames = np.concatenate([frames, np.empty_like(frames)])
            frames[found] = _samples(decoded, is_grey=is_grey, bits=bits)
            if decoded.pts is not None and decoded.time_base is not None:
                times.append(decoded.pts * decoded.time_base)
            found += 1
    if found == 0:
        raise ConversionError("the video does not decode")
    return DecodedVideo(frames[:found], bits, tuple(times) if len(times) == found else ())


def _check_size(rows: int, columns: int, count: int, options: ReadOptions) -> None:
    try:
        check_size(columns, rows, options.max_pixels, frames=count)
    except LimitError as error:
        error.hint = (
            "encode it as H.264 of 4:2:0 and Level 4.2 at the most, which goes in as it is, or raise `max_pixels`"
        )
        raise


def _decoded(container: Any) -> Iterator[Any]:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    for number, frame in enumerate(container.decode(stream)):
        if frame.is_corrupt:
            raise ConversionError("the video is damaged", frame=number)
        yield frame


def _kind(form: Any) -> tuple[bool, int]:
    """Whether a pixel format is grey, and the bits of its samples."""
    if form is None:
        raise ConversionError("the video has no pixel format that FFmpeg knows")
    bits = max((component.bits for component in form.components), default=8)
    is_grey = form.name.startswith(("gray", "mono")) or form.name in ("ya8", "ya16be", "ya16le")
    return is_grey, max(8, min(16, bits))


def _samples(decoded: Any, *, is_grey: bool, bits: int) -> NDArray[Any]:
    """Make RGB or grey of a picture; colours as the stream says they are."""
    space = None
    if decoded.colorspace == _UNSPECIFIED:
        space = "ITU709" if decoded.height >= _HIGH_DEFINITION else "ITU601"
    form = ("gray" if bits <= 8 else "gray16le") if is_grey else "rgb24"
    samples: NDArray[Any] = decoded.reformat(format=form, src_colorspace=space).to_ndarray()
    return samples >> (16 - bits) if bits > 8 else samples
