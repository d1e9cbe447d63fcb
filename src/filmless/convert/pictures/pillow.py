"""What Pillow decodes, as samples of grey or RGB: images in memory, GIF, WebP, and the odder kinds of JPEG and TIFF."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

from filmless.convert.content import Picture
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import DECODER_ERRORS, PictureInformation
from filmless.errors import ConversionError

__all__ = ["decode_with_pillow", "frames_of_image", "open_with_pillow", "samples_of_image"]

# The classes themselves, not Image.open: that would guess the format again and apply limits that are global.
_PLUGINS: dict[str, type[Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
}

_RGB_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA")


def open_with_pillow(format_name: str, data: bytes) -> Image.Image:
    """Read the header of a picture.

    Raises
    ------
    ConversionError
        It is damaged.
    """
    try:
        return _PLUGINS[format_name](io.BytesIO(data))  # type: ignore[call-arg]
    except DECODER_ERRORS as error:
        raise ConversionError(f"the {format_name} header is damaged: {error}") from error


def decode_with_pillow(
    image: Image.Image, information: PictureInformation, options: ReadOptions, *, lossy_bytes: int | None = None
) -> Picture:
    """Decode an image to samples of grey or RGB, upright and without alpha.

    Raises
    ------
    ConversionError
        It is damaged, ends early, or its samples are of a kind that DICOM has no place for.
    """
    try:
        image.load()
        samples = samples_of_image(image)
    except ConversionError:
        raise
    except DECODER_ERRORS as error:
        raise ConversionError(f"the picture is damaged or ends early: {error}") from error
    return finish(
        samples[np.newaxis],
        information,
        options,
        profile_fits=image.mode in _RGB_MODES,
        lossy_bytes=lossy_bytes,
        lossy_method=lossy_bytes and "ISO_10918_1",
    )


def frames_of_image(image: Image.Image, number: int, *, is_grey: bool = False) -> NDArray[np.uint8]:
    """Decode the frames of an animation as they are displayed.

    Parameters
    ----------
    image
        At its first frame.
    number
        Of frames.
    is_grey
        Whether all colours in it are grey, of which one sample is enough.

    Returns
    -------
    NDArray
        Shape (frames, rows, columns, 3 or 4), uint8; of grey, (frames, rows, columns) or (frames, rows, columns, 2).

    Raises
    ------
    ConversionError
        One is damaged or missing.
    """
    modes = ("L", "LA") if is_grey else ("RGB", "RGBA")
    frames: NDArray[np.uint8] | None = None
    try:
        for at in range(number):
            image.seek(at)
            image.load()
            colours = np.atleast_3d(np.asarray(image.convert(modes[image.has_transparency_data])))
            if frames is None:
                frames = np.empty((number, *colours.shape), np.uint8)
            if colours.shape[2] > frames.shape[3]:
                opaque = np.full((*frames.shape[:3], 1), 255, np.uint8)
                frames = np.concatenate([frames, opaque], axis=-1)
            frames[at, ..., : colours.shape[2]] = colours
            frames[at, ..., colours.shape[2] :] = 255
    except DECODER_ERRORS as error:
        raise ConversionError(f"the picture is damaged or ends early: {error}") from error
    if frames is None:
        raise ConversionError("the picture has no frames")
    return frames[..., 0] if frames.shape[3] == 1 else frames


def samples_of_image(image: Image.Image) -> NDArray[Any]:
    """Return samples of (rows, columns[, 2 | 3 | 4]); 2 and 4 with alpha.

    Raises
    ------
    ConversionError
        They are of a kind that is not converted.
    """
    mode, transparent = image.mode, image.has_transparency_data
    if mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        key = image.info.get("transparency")
        if isinstance(key, int):
            return np.stack([grey, np.where(grey == key, 0, 0xFFFF).astype(np.uint16)], axis=-1)
        return grey
    if mode == "I":
        wide = np.asarray(image)
        # Pillow has read 16 bits as 32 for long: where 16 hold all, they are what is meant.
        return wide.astype(np.uint16) if wide.min() >= 0 and wide.max() <= 0xFFFF else wide
    if mode == "F":
        return np.asarray(image)
    if mode in ("1", "L", "LA", "La"):
        if mode == "1":
            image = _without_key(image, transparent)
        return np.asarray(image.convert("LA" if transparent else "L"))
    if mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"):
        colours = np.asarray(image.convert("RGBA" if transparent else "RGB"))
        if mode in ("P", "PA") and _is_grey(image):
            return colours[:, :, [0, 3]] if transparent else colours[:, :, 0]
        return colours
    raise ConversionError(f"samples of mode {mode} cannot be converted, expected grey or colour")


def _is_grey(image: Image.Image) -> bool:
    """Whether all entries of a palette are grey, as in every GIF of a grey picture."""
    entries = np.array(image.getpalette("RGB") or [0, 0, 1]).reshape(-1, 3)
    return bool((entries == entries[:, :1]).all())


def _without_key(image: Image.Image, transparent: bool) -> Image.Image:
    """Return a single-bit image as grey of 8 bits, its transparent value in the same measure."""
    key = image.info.get("transparency")
    grey = image.convert("L")
    if transparent and isinstance(key, int):
        grey.info["transparency"] = 255 if key else 0
    return grey
