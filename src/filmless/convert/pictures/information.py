"""What goes with the samples of a picture: which way is up, how dense its pixels are, what its colours mean."""

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray
from PIL import Image

from filmless.convert.content import Resolution, orient
from filmless.convert.icc_profile import rgb_profile
from filmless.convert.options import ReadOptions

__all__ = ["DECODER_ERRORS", "PictureInformation", "sensible_resolution"]

DECODER_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, AttributeError, AssertionError),
    *(LookupError, EOFError, ArithmeticError, RuntimeError, struct.error, zlib.error, Warning),
    Image.DecompressionBombError,
)
"""What the decoders of pictures are known to raise on damaged ones; warnings too, where they are errors."""

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
        """Read it from an image of PIL."""
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

    def rgb_profile(self, options: ReadOptions, *, fits: bool) -> bytes | None:
        """Return the ICC profile when it describes RGB, as PS3.3 C.11.15 wants it of a colour image.

        Parameters
        ----------
        options
            Who is told that it is left out.
        fits
            Whether what is stored is in colour, and in the colours that the profile describes.
        """
        if self.icc_profile is None:
            return None
        if not fits:
            options.notice(
                "icc-dropped", "the ICC profile is left out: what is stored is grey, or other colours than its"
            )
            return None
        profile = rgb_profile(self.icc_profile)
        if profile is None:
            options.notice("icc-dropped", "the ICC profile is left out: it is damaged or not one of RGB")
        return profile


def sensible_resolution(pair: Any, *, absolute: bool) -> Resolution | None:
    """Return a resolution across and down, or None when it cannot be meant."""
    try:
        x, y = (float(value) for value in pair)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not (math.isfinite(x) and math.isfinite(y) and x > 0 and y > 0 and 1 / _MAX_ASPECT <= x / y <= _MAX_ASPECT):
        return None
    return Resolution(x, y, absolute)


def _resolution(image: Image.Image) -> Resolution | None:
    information = image.info
    for key, absolute in (("dpi", True), ("aspect", False), ("resolution", False)):
        if key in information:
            return sensible_resolution(information[key], absolute=absolute)
    if "jfif_density" in information:
        return sensible_resolution(information["jfif_density"], absolute=False)
    return None
