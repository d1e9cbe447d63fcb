"""PNG, BMP, GIF, TIFF of up to 8 bits, and PIL images: what Pillow reads, as samples of grey or RGB."""

import io
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from filmless.convert.content import Picture, Resolution, check_size, composite, orient
from filmless.convert.options import ReadOptions
from filmless.errors import ConversionError

__all__ = [
    "DECODER_ERRORS",
    "PictureInformation",
    "decode_with_pillow",
    "deep_picture",
    "open_with_pillow",
    "read_with_pillow",
    "sensible_resolution",
]

# The classes themselves, not Image.open: that would guess the format again and apply limits that are global.
_PLUGINS: dict[str, type[Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}

DECODER_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, AttributeError, AssertionError),
    *(LookupError, EOFError, ArithmeticError, RuntimeError, struct.error, zlib.error, Warning),
    Image.DecompressionBombError,
)
"""What the decoders of pictures are known to raise on damaged ones; warnings too, where they are errors."""

# Deflate makes 1032 bytes of one, eight pixels each at most: whoever claims more lies, and is not allocated for.
_MAX_PIXELS_PER_BYTE = 8300
_ORIENTATION = 0x0112
_MAX_ASPECT = 100.0


@dataclass(frozen=True, slots=True)
class PictureInformation:
    """What goes with the samples of a picture."""

    orientation: int = 1
    resolution: Resolution | None = None
    icc_profile: bytes | None = None

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        """Read it from an image that is not loaded yet: Pillow turns TIFF on loading."""
        try:
            orientation = image.getexif().get(_ORIENTATION, 1)
        except DECODER_ERRORS:
            orientation = 1  # damaged EXIF says nothing
        if orientation not in range(1, 9):
            orientation = 1
        profile = image.info.get("icc_profile")
        return cls(orientation, _resolution(image), profile if isinstance(profile, bytes) and profile else None)

    @property
    def upright_resolution(self) -> Resolution | None:
        """The resolution of the picture turned upright."""
        return self.resolution.turned() if self.resolution and self.orientation >= 5 else self.resolution

    def upright(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Turn samples upright."""
        return orient(samples, self.orientation)

    def rgb_profile(self, options: ReadOptions) -> bytes | None:
        """Return the ICC profile when it describes RGB, as PS3.3 C.11.15 wants it of a colour image."""
        profile = self.icc_profile
        if profile is None:
            return None
        size = int.from_bytes(profile[:4], "big")
        if len(profile) >= 132 and size <= len(profile) and profile[16:20] == b"RGB " and profile[36:40] == b"acsp":
            return profile[:size]
        options.notice("icc-dropped", "the ICC profile is left out: it is damaged or not one of RGB")
        return None


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


def read_with_pillow(format_name: str, data: bytes, options: ReadOptions) -> Picture:
    """Read a PNG, BMP, GIF or TIFF.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    LimitError
        It is larger than ``options.max_pixels``.
    """
    with open_with_pillow(format_name, data) as image:
        columns, rows = image.size
        check_size(columns, rows, options.max_pixels)
        if format_name != "TIFF" and rows * columns > _MAX_PIXELS_PER_BYTE * len(data):
            raise ConversionError(f"the {format_name} of {len(data)} bytes is too short for its size")
        if format_name == "GIF" and _has_second_frame(data):
            options.notice("first-frame", "the GIF is animated: its first frame is converted")
        return decode_with_pillow(image, PictureInformation.of(image), options)


def _has_second_frame(data: bytes) -> bool:
    """Whether a GIF is animated, asked of another reader: seeking leaves traces in the one that decodes."""
    try:
        with open_with_pillow("GIF", data) as image:
            image.seek(1)
    except DECODER_ERRORS:
        return False
    return True


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
        samples = _samples(image)
    except ConversionError:
        raise
    except DECODER_ERRORS as error:
        raise ConversionError(f"the picture is damaged or ends early: {error}") from error
    if not _turned_by_pillow(image):
        samples = information.upright(samples)
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        options.notice("alpha", "transparent parts are laid over the background")
        samples = composite(samples, options.background)
    profile = None
    if samples.ndim == 3 and image.mode in ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA"):
        profile = information.rgb_profile(options)
    elif information.icc_profile is not None:
        options.notice("icc-dropped", "the ICC profile is left out: the picture is stored in other colours")
    return Picture.of_samples(
        samples,
        lossy_bytes=lossy_bytes,
        lossy_method=lossy_bytes and "ISO_10918_1",
        resolution=information.upright_resolution,
        icc_profile=profile,
    )


def _turned_by_pillow(image: Image.Image) -> bool:
    return isinstance(image, TiffImagePlugin.TiffImageFile)


def _samples(image: Image.Image) -> NDArray[Any]:
    """Return samples of (rows, columns[, 2 | 3 | 4]); 2 and 4 with alpha."""
    mode, transparent = image.mode, image.has_transparency_data
    if mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        key = image.info.get("transparency")
        if isinstance(key, int):
            return np.stack([grey, np.where(grey == key, 0, 0xFFFF).astype(np.uint16)], axis=-1)
        return grey
    if mode == "I":
        wide = np.asarray(image)
        if wide.min() < 0 or wide.max() > 0xFFFF:
            raise ConversionError("the samples have 32 bits, expected at most 16")
        return wide.astype(np.uint16)
    if mode in ("1", "L", "LA", "La"):
        if mode == "1":
            image = _without_key(image, transparent)
        return np.asarray(image.convert("LA" if transparent else "L"))
    if mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"):
        colours = np.asarray(image.convert("RGBA" if transparent else "RGB"))
        if mode in ("P", "PA") and _is_grey(image):
            return colours[:, :, [0, 3]] if transparent else colours[:, :, 0]
        return colours
    raise ConversionError(f"samples of mode {mode} cannot be converted, expected whole numbers of up to 16 bits")


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


def _resolution(image: Image.Image) -> Resolution | None:
    information = image.info
    for key, absolute in (("dpi", True), ("aspect", False), ("resolution", False)):
        if key in information:
            return sensible_resolution(information[key], absolute=absolute)
    if "jfif_density" in information:
        return sensible_resolution(information["jfif_density"], absolute=False)
    return None


def sensible_resolution(pair: Any, *, absolute: bool) -> Resolution | None:
    """Return a resolution across and down, or None when it cannot be meant."""
    try:
        x, y = (float(value) for value in pair)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not (math.isfinite(x) and math.isfinite(y) and x > 0 and y > 0 and 1 / _MAX_ASPECT <= x / y <= _MAX_ASPECT):
        return None
    return Resolution(x, y, absolute)


def deep_picture(samples: NDArray[Any], bits: int, information: PictureInformation, options: ReadOptions) -> Picture:
    """Wrap samples of more than 8 bits: turned upright, alpha laid over the background."""
    samples = information.upright(samples)
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        options.notice("alpha", "transparent parts are laid over the background")
        samples, bits = composite(samples, options.background), 16
    return Picture.of_samples(
        samples,
        bits,
        resolution=information.upright_resolution,
        icc_profile=information.rgb_profile(options) if samples.ndim == 3 else None,
    )
