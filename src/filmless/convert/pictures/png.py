"""PNG: 16-bit colour and alpha with all their bits, the rest with Pillow."""

import imagecodecs
import numpy as np

from filmless.convert.content import Content, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.pillow import (
    DECODER_ERRORS,
    PictureInformation,
    deep_picture,
    open_with_pillow,
    read_with_pillow,
)
from filmless.errors import ConversionError

__all__ = ["read"]

_EXPANSION = 1032  # bytes that deflate makes of one at most


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a PNG: 16-bit colour and alpha with all their bits, the rest with Pillow.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    """
    depth, colour_type = data[24:25], data[25:26]
    if depth != b"\x10" or colour_type in (b"\0", b""):
        return [read_with_pillow("PNG", data, options)]
    with open_with_pillow("PNG", data) as image:
        columns, rows = image.size
        check_size(columns, rows, options.max_pixels)
        if rows * columns > _EXPANSION * len(data):
            raise ConversionError(f"the PNG of {len(data)} bytes is too short for its size")
        information = PictureInformation.of(image)
        key = image.info.get("transparency")
    try:
        samples = imagecodecs.png_decode(data)
    except DECODER_ERRORS as error:
        raise ConversionError(f"the PNG is damaged or ends early: {error}") from error
    if samples.shape[2] == 3 and isinstance(key, tuple):
        opaque = (samples != np.array(key, dtype=np.uint16)).any(axis=-1, keepdims=True)
        samples = np.concatenate([samples, np.where(opaque, 0xFFFF, 0).astype(np.uint16)], axis=-1)
    return [deep_picture(samples, 16, information, options)]
