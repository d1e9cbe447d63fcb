"""The end of the path: an 8-bit picture of one frame, as a screen shows it."""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.colour import apply_icc, to_rgb
from filmless.pixels.decoding import Frames, frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.embedded_overlays import GROUPS
from filmless.pixels.grey import GreyTransform, Lut, Window, WindowChoice, full_window, grey_transform
from filmless.pixels.palette import palette_of, supplemental_palette_of
from filmless.pixels.scaling import scaled

if TYPE_CHECKING:
    from filmless.pixels.overlays import Overlay
    from filmless.pixels.presentation_state import PresentationState

__all__ = ["render", "render_of", "thumbnail"]

_OVERLAY_ROWS = [group << 16 | 0x0010 for group in GROUPS]


def render(
    ds: Dataset,
    frame: int = 0,
    *,
    window: WindowChoice | None = None,
    voi: int | str | Lut | Window | None = None,
    presentation_state: "Dataset | PresentationState | None" = None,
    overlays: "bool | Iterable[Overlay]" = True,
    size: int | tuple[int, int] | None = None,
    icc: bool = False,
) -> NDArray[np.uint8]:
    """Render one frame as an 8-bit picture.

    Parameters
    ----------
    ds
        The data set.
    frame
        Which frame, from 0.
    window
        For grey images: centre and width in modality values; ``"minmax"``, the values of this frame without padding;
        ``"full"``, all that Bits Stored allows. By default the first of the data set's `voi_views`: its VOI LUT, else
        its window; without any "full" for stored values of up to 8 bits without a rescale (so that an ordinary picture
        comes out as it went in), else "minmax".
    voi
        Instead of ``window``, one of the data set's `voi_views` by its index or its explanation, or another `Lut` or
        `Window`.
    presentation_state
        A softcopy presentation state, as a data set or read already, which goes before what the data set says itself.
    overlays
        Whether to draw the data set's own overlays; or overlays to draw on top of them.
    size
        Pixels of the longer side, or rows and columns that the picture has to fit in. Its proportions are those of
        what it shows: pixels that are not square are stretched. None leaves every pixel as it is.
    icc
        Convert colours to sRGB by the data set's ICC profile.

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 3), uint8. MONOCHROME1 is inverted, palettes and YBR are RGB, padding
        is black.

    Raises
    ------
    PixelError
        The frame cannot be decoded, or what it has to be drawn with cannot be read.
    UnsupportedError
        Its transfer syntax or colours are not implemented.
    ValueError
        The window is too narrow, or the size not from 1 to 65535.

    DICOM
    -----
    PS3.4 N.2; PS3.3 C.7.6.3.1.2, C.11.1, C.11.2, C.11.6

    Examples
    --------
    >>> from filmless import read
    >>> ds = read("slice.dcm")
    >>> render(ds, window=(40, 400)).shape
    (128, 128)
    >>> render(ds, size=64).shape
    (64, 64)
    """
    return render_of(
        frames(ds, as_rgb=False),
        ds,
        frame,
        window=window,
        voi=voi,
        presentation_state=presentation_state,
        overlays=overlays,
        size=size,
        icc=icc,
    )


def render_of(
    source: Frames,
    ds: Dataset,
    frame: int = 0,
    *,
    window: WindowChoice | None = None,
    voi: int | str | Lut | Window | None = None,
    presentation_state: "Dataset | PresentationState | None" = None,
    overlays: "bool | Iterable[Overlay]" = True,
    size: int | tuple[int, int] | None = None,
    icc: bool = False,
) -> NDArray[np.uint8]:
    """Render one of many frames: as `render`, with frames that were opened once, as they are stored (not as RGB)."""
    state = _state(presentation_state)
    source.check(frame)
    description, (stored, photometric, _) = source.description, source.decoded(frame)
    if photometric == "PALETTE COLOR":
        picture = palette_of(ds).of_8_bits().apply(stored)
    elif description.samples > 1:
        picture = _colours(description, stored, photometric)
    else:
        picture = _grey(ds, frame, description, state, window=window, voi=voi).apply(stored)
        palette = None if state is None else state.palette()
        picture = _in_colour(ds, stored, picture) if palette is None else palette.spread().apply(picture)
    if icc and picture.ndim == 3:
        with_profile = ds if state is None or "ICCProfile" not in state.ds else state.ds
        picture = apply_icc(with_profile, picture)
    picture = _with_graphics(ds, frame, picture, overlays, own=state is None)
    if state is not None:
        return state.finish(picture, ds, frame, size=size)
    return picture if size is None else scaled(picture, ds, size)


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
    from PIL import Image

    try:
        description = PixelDescription.of(ds)
        size = min(side, max(description.rows, description.columns))
        picture = render(ds, description.frames // 2, size=size)
    except Exception:  # noqa: BLE001 - a list of many images goes on, whatever is wrong with one
        return None
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def _state(given: "Dataset | PresentationState | None") -> "PresentationState | None":
    if given is None:
        return None
    from filmless.pixels.presentation_state import PresentationState

    return given if isinstance(given, PresentationState) else PresentationState.of(given)


def _grey(
    ds: Dataset,
    frame: int,
    description: PixelDescription,
    state: "PresentationState | None",
    *,
    window: WindowChoice | None,
    voi: int | str | Lut | Window | None,
) -> GreyTransform:
    if state is None:
        return grey_transform(ds, frame, window=window, voi=voi, description=description)
    grey = state.grey(ds, frame)
    if window is None and voi is None:
        return grey
    asked = grey_transform(ds, frame, window=window, voi=voi, description=description).voi
    # All values are those that the state's modality LUT gives, not the image's.
    return replace(grey, voi=full_window(grey, description) if window == "full" else asked)


def _colours(description: PixelDescription, stored: NDArray[Any], photometric: str) -> NDArray[np.uint8]:
    if description.signed:
        raise PixelError("colour samples are signed", tag=0x0028_0103)
    if description.samples != 3:
        raise PixelError(f"pixels of {description.samples} samples cannot be shown", tag=0x0028_0002)
    rgb = to_rgb(description, stored, photometric)
    bits = description.bits_stored
    if rgb.dtype.itemsize == 1 and bits >= 8:
        return rgb if rgb.flags.writeable else rgb.copy()
    # Some decoders give more than Bits Stored allows.
    rgb = np.asarray(np.minimum(rgb, (1 << min(bits, rgb.dtype.itemsize * 8)) - 1))
    if bits > 8:
        return np.asarray(rgb >> (bits - 8), dtype=np.uint8)
    return np.asarray(rgb.astype(np.uint16) * 255 // ((1 << bits) - 1), dtype=np.uint8)


def _in_colour(ds: Dataset, stored: NDArray[Any], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour the stored values that a supplemental palette is for."""
    palette = supplemental_palette_of(ds)
    if palette is None:
        return picture
    picture = np.repeat(picture[..., None], 3, axis=-1)
    coloured = stored >= palette.first
    picture[coloured] = palette.of_8_bits().apply(stored[coloured])
    return picture


def _with_graphics(
    ds: Dataset, frame: int, picture: NDArray[np.uint8], overlays: "bool | Iterable[Overlay]", *, own: bool
) -> NDArray[np.uint8]:
    """Draw overlays, and what a shutter leaves. Those of the data set only when no presentation state decides."""
    from filmless.pixels.overlays import draw, overlays_of
    from filmless.pixels.shutters import apply, shutter_of

    layers = [] if isinstance(overlays, bool) else list(overlays)
    if own and overlays is not False and any(map(ds.__contains__, _OVERLAY_ROWS)):
        layers = [*overlays_of(ds, frame), *layers]
    if own:  # before the graphics, which it does not hide (PS3.4 N.2)
        picture = apply(picture, shutter_of(ds, *picture.shape[:2], frame=frame))
    return draw(picture, layers)
