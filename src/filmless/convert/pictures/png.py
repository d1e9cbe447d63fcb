"""PNG and APNG of every kind, with all their bits."""

import struct

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Resolution, check_numbers, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.apng import read_frames
from filmless.convert.pictures.exif import exif_of, orientation_of
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation, sensible_resolution
from filmless.convert.pictures.png_chunks import PALETTE, PngFile, parse_png
from filmless.convert.pictures.png_samples import EXPANSION, coded_samples, samples_of
from filmless.errors import ConversionError

__all__ = ["read"]

_METRES_PER_INCH = 0.0254


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a PNG, or an APNG as frames.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    LimitError
        It is larger than ``options.max_pixels``.
    """
    png = parse_png(data, options)
    header = png.header
    check_size(header.columns, header.rows, options.max_pixels, frames=max(1, len(png.frames)))
    if header.rows * header.row_bytes(header.columns) > EXPANSION * len(data):
        raise ConversionError(f"the PNG of {len(data)} bytes is too short for its size")
    information = PictureInformation(orientation_of(exif_of(data)), _resolution(png), png.profile())
    palette = _palette(png)
    check_numbers(len(png.frames), tuple(frame.time_ms for frame in png.frames), options)
    if len(png.frames) > 1 or (png.frames and not png.default_is_frame):
        frames = read_frames(png, palette, options)
        times = tuple(frame.time_ms for frame in png.frames) if len(frames) > 1 else ()
        if not options.apart:
            return [finish(frames, information, options, frame_times_ms=times)]
        return [finish(frame[np.newaxis], information, options) for frame in frames]
    coded = coded_samples(header, header.columns, header.rows, png.parts)
    if palette is not None and coded.max() >= len(png.single[b"PLTE"]) // 3:
        options.notice("palette-short", "pixels that the palette has no entry for are black")
    samples = samples_of(header, coded, palette, bytes(png.single.get(b"tRNS", b"")))
    return [finish(samples[np.newaxis], information, options)]


def _resolution(png: PngFile) -> Resolution | None:
    """Read pHYs: pixels of a metre, or of any unit."""
    body = png.single.get(b"pHYs", b"")
    if len(body) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", body)
    per_inch = _METRES_PER_INCH if unit == 1 else 1.0
    return sensible_resolution((x * per_inch, y * per_inch), absolute=unit == 1)


def _palette(png: PngFile) -> NDArray[np.uint8] | None:
    """Return 256 entries, grey where all that are there are, with alpha where there is any; the others are black."""
    if png.header.colour_type != PALETTE:
        return None
    entries = bytes(png.single.get(b"PLTE", b""))
    if not entries or len(entries) % 3 or len(entries) > 768:
        raise ConversionError("the PNG has no palette, or a damaged one")
    colours = np.frombuffer(entries, np.uint8).reshape(-1, 3)
    if (colours == colours[:, :1]).all():
        colours = colours[:, :1]
    alpha = np.frombuffer(bytes(png.single.get(b"tRNS", b""))[: len(colours)], np.uint8)
    palette = np.zeros((256, colours.shape[1] + bool(len(alpha))), np.uint8)
    if len(alpha):
        palette[:, -1] = 255
        palette[: len(alpha), -1] = alpha
    palette[: len(colours), : colours.shape[1]] = colours
    return palette
