"""How a browser gets the pixels of an image: as they are stored where its codecs are right, else decoded."""

from typing import Final, Literal

from filmless import _core
from filmless.pixels import PixelDescription

__all__ = ["FrameSource", "source_of"]

FrameSource = Literal["stored", "samples"]
"""``stored``: frames come from WADO-RS in their transfer syntax, and the browser decodes them. ``samples``: the server
decodes them."""

#: Transfer syntaxes whose grey samples the browser's decoders get right, and up to how many bits. Those of the registry
#: that are not here are decoded here: JPEG of 12 bits comes out wrong there, JPEG XL and deflated frames do not come
#: out at all. JPEG 2000 whose codestream has other samples than its header says would come out wrong, too: that the
#: browser sees by the first bytes of a frame, and asks for samples.
_GREY: Final[dict[str, int]] = {
    "ImplicitVRLittleEndian": 16,
    "ExplicitVRLittleEndian": 16,
    "RLELossless": 16,
    "JPEGBaseline8Bit": 8,
    "JPEGLossless": 16,
    "JPEGLosslessSV1": 16,
    "JPEGLSLossless": 16,
    "JPEGLSNearLossless": 16,
    "JPEG2000Lossless": 16,
    "JPEG2000": 16,
    "HTJ2KLossless": 16,
    "HTJ2KLosslessRPCL": 16,
    "HTJ2K": 16,
}
#: What a browser itself makes of a JPEG is YBR, whatever the data set says: only where it says that, is it right.
_COLOUR_JPEG: Final = frozenset({"YBR_FULL_422", "YBR_FULL"})


def source_of(description: PixelDescription) -> FrameSource:
    """Choose how a browser gets the pixels of an image.

    Parameters
    ----------
    description
        How they are stored.
    """
    row = _core.transfer_syntax(description.transfer_syntax)
    if row is None or description.keyword != "PixelData":
        return "samples"
    photometric, keyword = description.photometric_interpretation, row["keyword"]
    if photometric in _COLOUR_JPEG:
        is_plain = description.bits_allocated == 8 and description.samples == 3
        return "stored" if is_plain and keyword == "JPEGBaseline8Bit" else "samples"
    if photometric not in {"MONOCHROME1", "MONOCHROME2"} or keyword not in _GREY:
        return "samples"
    fits = description.bits_allocated in {8, 16} and description.bits_stored <= _GREY[keyword]
    # Of a byte the browser's decoders make what has no sign.
    fits = fits and not (description.signed and description.bits_stored <= 8)
    # Bits above the samples may be overlays (PS3.5 8.1.2).
    is_bare = description.high_bit == description.bits_stored - 1
    return "stored" if fits and is_bare else "samples"
