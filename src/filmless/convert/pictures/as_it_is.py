"""Coded streams that go in bit for bit: what is said of them, and which of them are decoded all the same."""

from collections.abc import Sequence

from filmless.convert.content import Picture, Resolution, Stream
from filmless.convert.options import ReadOptions
from filmless.errors import ConversionError, DicomError
from filmless.pixels.codecs import codec_of
from filmless.pixels.description import PixelDescription

__all__ = ["as_it_is", "description_of"]

_MOST_BITS = 16


def description_of(
    transfer_syntax: str, photometric: str, *, rows: int, columns: int, samples: int, precision: int, signed: bool
) -> PixelDescription:
    """Describe a frame as the data set that gets it does.

    Raises
    ------
    ConversionError
        Its samples have more bits than an image of ours.
    """
    if precision > _MOST_BITS:
        raise ConversionError(f"the samples have {precision} bits, expected at most {_MOST_BITS}")
    return PixelDescription(
        transfer_syntax=transfer_syntax,
        photometric_interpretation=photometric,
        rows=rows,
        columns=columns,
        samples=samples,
        frames=1,
        bits_allocated=8 if precision <= 8 else 16,
        bits_stored=precision,
        high_bit=precision - 1,
        signed=signed,
        by_plane=False,
        big_endian=False,
    )


def as_it_is(
    frames: Sequence[bytes],
    description: PixelDescription,
    options: ReadOptions,
    *,
    lossy_method: str | None = None,
    decode: bool = False,
    resolution: Resolution | None = None,
    icc_profile: bytes | None = None,
) -> Picture:
    """Make a picture of streams that go in as they are.

    Streams are decoded when ``options.verify`` asks for it, and when they are grey of more than 8 bits: nobody sees
    anything of 12 bits in 16 without a window, and the values that are there tell it. The picture then has samples.

    Parameters
    ----------
    frames
        Their streams.
    description
        What the data set will say of them.
    options
        Whether they are verified.
    decode
        Decode them whatever is asked: nothing else tells whether they are whole.
    lossy_method, resolution, icc_profile
        Of the picture.

    Raises
    ------
    ConversionError
        A stream was decoded and is damaged or ends early.
    """
    pixels = None
    needs_window = description.samples == 1 and (description.bits_stored > 8 or description.signed)
    if decode or options.verify or needs_window:
        decode_frame = codec_of(description.transfer_syntax).decode_frame
        try:
            decoded = [decode_frame(stream, description, number).samples for number, stream in enumerate(frames)]
        except DicomError as error:
            raise ConversionError(error.message, frame=error.frame or None) from error
        if description.samples == 1 and len(decoded) == 1:
            pixels = decoded[0][None]
    return Picture(
        rows=description.rows,
        columns=description.columns,
        samples=description.samples,
        frames=len(frames),
        bits_allocated=description.bits_allocated,
        bits_stored=description.bits_stored,
        signed=description.signed,
        photometric_interpretation=description.photometric_interpretation,
        pixels=pixels,
        stream=Stream(description.transfer_syntax, tuple(frames), lossy_method),
        resolution=resolution,
        icc_profile=icc_profile,
    )
