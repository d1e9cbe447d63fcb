"""The end of the path: an 8-bit picture of one frame, as a screen shows it."""

import io
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.dataset import Dataset
from filmless.errors import DicomError, PixelError
from filmless.pixels.colour import apply_palette, ybr_to_rgb
from filmless.pixels.decoding import decode_as_stored
from filmless.pixels.description import PixelDescription
from filmless.pixels.grey import VoiFunction, to_modality, to_voi

__all__ = ["Window", "render", "thumbnail"]

Window = tuple[float, float] | Literal["minmax", "full"]


def render(ds: Dataset, frame: int = 0, *, window: Window | None = None) -> NDArray[np.uint8]:
    """Render one frame as an 8-bit picture.

    Parameters
    ----------
    ds
        The data set.
    frame
        Which frame, from 0.
    window
        For grey images: centre and width in modality values; ``"minmax"``, the values of this frame; ``"full"``, all
        that Bits Stored allows. By default the first window of the data set; else "full" for stored values of up to
        8 bits without a rescale (so that an ordinary picture comes out as it went in); else "minmax".

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 3), uint8. MONOCHROME1 is inverted, palettes and YBR are RGB.

    Raises
    ------
    PixelError
        The frame cannot be decoded.
    ValueError
        The window is too narrow.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2, C.11.1, C.11.2; PS3.4 N.2

    Examples
    --------
    >>> from filmless import read
    >>> render(read("slice.dcm"), window=(40, 400)).dtype
    dtype('uint8')
    """
    description = PixelDescription.of(ds)
    stored, photometric = decode_as_stored(ds, frame)
    if photometric == "PALETTE COLOR":
        return apply_palette(ds, stored)
    if description.samples > 1:
        if photometric not in ("RGB", "YBR_FULL"):
            raise PixelError(f"samples of {photometric} cannot be rendered yet", frame=frame)
        colours = _upper_8_bits(stored, description)
        return colours if photometric == "RGB" else ybr_to_rgb(colours)
    picture = _grey(ds, description, stored, window)
    return 255 - picture if photometric == "MONOCHROME1" else picture


def thumbnail(ds: Dataset, *, side: int = 256) -> bytes | None:
    """Render a small picture of the middle frame.

    Parameters
    ----------
    ds
        The data set.
    side
        Pixels of its longer side at most.

    Returns
    -------
    bytes or None
        A PNG; None when there is nothing that can be rendered.

    DICOM
    -----
    PS3.18 10.4.1.1.5
    """
    try:
        picture = render(ds, PixelDescription.of(ds).frames // 2)
    except DicomError:
        return None
    image = Image.fromarray(picture)
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _upper_8_bits(samples: NDArray[Any], description: PixelDescription) -> NDArray[np.uint8]:
    stored = description.bits_stored
    if description.signed:
        raise PixelError("colour samples are signed", tag=0x0028_0103)
    return (samples >> (stored - 8) if stored > 8 else samples).astype(np.uint8)


def _grey(ds: Dataset, description: PixelDescription, stored: NDArray[Any], window: Window | None) -> NDArray[np.uint8]:
    values = to_modality(ds, stored)
    function: VoiFunction = "LINEAR"
    if window is None:
        given = _first_window(ds)
        plain = values is stored and description.bits_stored <= 8 and not description.signed
        if given is not None:
            window, function = given
        else:
            window = "full" if plain else "minmax"
    if window == "full":
        window = _full(ds, description)
    elif window == "minmax":
        window = _spanning(float(values.min()), float(values.max()))
    if function == "LINEAR" and window[0] == 128 and window[1] == 256 and values.dtype == np.uint8:
        return values.astype(np.uint8)  # the identity, as the formula gives it too
    return np.floor(to_voi(values, window, function=function) + 0.5).astype(np.uint8)


def _spanning(low: float, high: float) -> tuple[float, float]:
    """Return the LINEAR window whose ramp runs from the one value to the other (PS3.3 C.11.2.1.2.1)."""
    return (low + high + 1) / 2, high - low + 1


def _full(ds: Dataset, description: PixelDescription) -> tuple[float, float]:
    values = 1 << description.bits_stored
    low = -(values // 2) if description.signed else 0
    ends = to_modality(ds, np.array([low, low + values - 1], dtype=np.int64))
    return _spanning(float(ends.min()), float(ends.max()))


def _first_window(ds: Dataset) -> tuple[tuple[float, float], VoiFunction] | None:
    """Return the first window of the data set, when it has one that means something."""
    center, width = (_first(ds.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    if center is None or width is None:
        return None
    function: VoiFunction = "LINEAR"
    match str(ds.get("VOILUTFunction")):
        case "LINEAR_EXACT":
            function = "LINEAR_EXACT"
        case "SIGMOID":
            function = "SIGMOID"
    return ((center, width), function) if width >= (1 if function == "LINEAR" else 1e-9) else None


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    if not isinstance(value, (int, float, str)) and hasattr(value, "__getitem__"):
        return float(value[0]) if len(value) else None
    return float(value)
