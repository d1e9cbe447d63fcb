"""Grey as a data set asks for it: its modality LUT or rescale, its VOI views, its polarity, its padding.

The formulas, and the classes that hold what they need, are in `grey_values`; all of them can be had from here.
"""

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.attributes import integer, items, numbers, text, texts
from filmless.pixels.description import PixelDescription
from filmless.pixels.grey_values import (
    GreyTransform,
    Presentation,
    Rescale,
    VoiFunction,
    Window,
    apply_modality,
    to_presentation,
    to_voi,
)
from filmless.pixels.lut import Lut, lut_of
from filmless.pixels.multi_frame import frame_group

__all__ = [
    "GreyTransform",
    "Lut",
    "Presentation",
    "Rescale",
    "VoiFunction",
    "Window",
    "WindowChoice",
    "can_be_negative",
    "full_window",
    "grey_transform",
    "modality_of",
    "padding_of",
    "presentation_of",
    "to_modality",
    "to_presentation",
    "to_voi",
    "voi_views",
]

WindowChoice = tuple[float, float] | str
"""Centre and width, ``"minmax"`` or ``"full"``."""


def modality_of(ds: Dataset, frame: int = 0) -> Lut | Rescale | None:
    """Return how a frame's stored values become those of the modality; None when they are those.

    Parameters
    ----------
    ds
        An image. The frame's Pixel Value Transformation goes before the data set's own attributes.
    frame
        Which frame, from 0.

    Raises
    ------
    PixelError
        The LUT cannot be read.

    DICOM
    -----
    PS3.3 C.11.1, C.7.6.16.2.9
    """
    group = frame_group(ds, "PixelValueTransformationSequence", frame)
    if group is None:
        luts = _luts(ds, "ModalityLUTSequence")
        if luts:
            return lut_of(luts[0], signed=ds.get("PixelRepresentation") == 1)
        group = ds
    slope, intercept = (numbers(group, keyword).tolist() for keyword in ("RescaleSlope", "RescaleIntercept"))
    if not slope and not intercept:
        return None
    return Rescale(slope[0] if slope else 1.0, intercept[0] if intercept else 0.0)


def to_modality(ds: Dataset, stored: NDArray[Any], *, frame: int = 0) -> NDArray[Any]:
    """Apply the modality LUT or the rescale of a data set: stored values become those of the modality.

    Parameters
    ----------
    ds
        Holds Modality LUT Sequence, or Rescale Slope and Intercept, for the frame or for all, or neither.
    stored
        Any shape.
    frame
        Whose values they are, from 0.

    Returns
    -------
    NDArray
        The same shape, in the unit of Rescale Type (HU for CT): float64 after a rescale, uint16 after a LUT, and
        ``stored`` itself when there is nothing to apply.

    Raises
    ------
    PixelError
        The LUT cannot be read.

    DICOM
    -----
    PS3.3 C.11.1

    Examples
    --------
    >>> from filmless import read
    >>> to_modality(read("slice.dcm"), np.array([1024])).tolist()
    [0.0]
    """
    return apply_modality(modality_of(ds, frame), stored)


def voi_views(ds: Dataset, frame: int = 0, *, signed: bool | None = None) -> list[Lut | Window]:
    """Return the views that a data set offers: its VOI LUTs, then its windows.

    Parameters
    ----------
    ds
        An image, or anything with the attributes of the VOI LUT Module: an item of Softcopy VOI LUT Sequence. The
        frame's Frame VOI LUT goes before the data set's own.
    frame
        Which frame, from 0.
    signed
        Whether modality values can be negative, to read the first values of LUTs; None finds out from ``ds``.

    Returns
    -------
    list of Lut and Window
        With their explanations. Windows that are too narrow are left out.

    Raises
    ------
    PixelError
        A LUT cannot be read.

    DICOM
    -----
    PS3.3 C.11.2, C.7.6.16.2.10

    Examples
    --------
    >>> from filmless import Dataset
    >>> ds = Dataset()
    >>> ds.WindowCenter, ds.WindowWidth, ds.WindowCenterWidthExplanation = [40, -600], [400, 1500], ["SOFT", "LUNG"]
    >>> voi_views(ds)[1]
    Window(center=-600.0, width=1500.0, function='LINEAR', explanation='LUNG')
    """
    group = frame_group(ds, "FrameVOILUTSequence", frame)
    if group is None:
        group = ds
    views: list[Lut | Window] = []
    luts = _luts(group, "VOILUTSequence")
    if luts:
        signed = can_be_negative(modality_of(ds, frame), ds) if signed is None else signed
        views += [lut_of(item, signed=signed) for item in luts]
    centers, widths = (numbers(group, keyword).tolist() for keyword in ("WindowCenter", "WindowWidth"))
    if centers and widths:
        names = [*texts(group, "WindowCenterWidthExplanation"), *[""] * len(centers)]
        said = text(group, "VOILUTFunction")
        function: VoiFunction = next((known for known in get_args(VoiFunction) if known == said), "LINEAR")
        least = 1.0 if function == "LINEAR" else np.nextafter(0, 1)
        views += [
            Window(center, width, function, name)
            for center, width, name in zip(centers, widths, names, strict=False)
            if least <= width
        ]
    return views


def presentation_of(ds: Dataset) -> Presentation:
    """Return the Presentation LUT of an image, or the shape that its photometric interpretation asks for.

    Notes
    -----
    Presentation LUT Shape says the same as the photometric interpretation, which is what displays go by when the two
    contradict each other.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2, C.8.11.3, C.11.6
    """
    luts = _luts(ds, "PresentationLUTSequence")
    if luts:
        return lut_of(luts[0])
    return "INVERSE" if text(ds, "PhotometricInterpretation") == "MONOCHROME1" else "IDENTITY"


def padding_of(ds: Dataset) -> tuple[float, float] | None:
    """Return the stored values that only fill an image up to its rectangle: from, to.

    DICOM
    -----
    PS3.3 C.7.5.1.1.2
    """
    for kind in ("", "Float", "DoubleFloat"):
        value, limit = (numbers(ds, f"{kind}PixelPadding{end}").tolist() for end in ("Value", "RangeLimit"))
        if not value:
            continue
        ends = [value[0], limit[0] if limit else value[0]]
        if not kind:
            # Its value representation is that of the samples, which not all writers know.
            ends = [int(end) % 65536 for end in ends]
            if ds.get("PixelRepresentation") == 1:
                ends = [end - 65536 if end >= 32768 else end for end in ends]
        return float(min(ends)), float(max(ends))
    return None


def grey_transform(
    ds: Dataset,
    frame: int = 0,
    *,
    window: WindowChoice | None = None,
    voi: int | str | Lut | Window | None = None,
    description: PixelDescription | None = None,
) -> GreyTransform:
    """Put together what makes a picture of a frame's stored values.

    Parameters
    ----------
    ds
        An image of MONOCHROME1 or MONOCHROME2.
    frame
        Which frame, from 0.
    window, voi
        See `filmless.pixels.render`.
    description
        That of the data set, when it is known already.

    Raises
    ------
    PixelError
        A LUT cannot be read, or there is no such view.
    ValueError
        The window is too narrow.

    DICOM
    -----
    PS3.4 N.2
    """
    if window is not None and voi is not None:
        raise TypeError("give `window` or `voi`, not both")
    modality = modality_of(ds, frame)
    plain = GreyTransform(modality, None, presentation_of(ds), padding_of(ds))
    if isinstance(voi, Lut | Window):
        view: Lut | Window | None = voi
    elif window is None:
        views = voi_views(ds, frame)
        if voi is not None:
            view = _chosen(views, voi)
        elif views:
            view = views[0]
        else:
            description = description or PixelDescription.of(ds)
            ordinary = description.bits_stored <= 8 and not description.signed
            view = full_window(plain, description) if ordinary and modality in (None, Rescale(1.0, 0.0)) else None
    elif window == "minmax":
        view = None
    elif window == "full":
        view = full_window(plain, description or PixelDescription.of(ds))
    elif isinstance(window, str):
        raise ValueError("a window is centre and width, 'minmax' or 'full'")
    elif not np.isfinite(window).all():
        raise ValueError(f"window {window[0]}, {window[1]} is not of finite numbers")
    else:
        view = Window(*window)
    return GreyTransform(modality, view, plain.presentation, plain.padding)


def full_window(transform: GreyTransform, description: PixelDescription) -> Window | None:
    """Return the window over all values that Bits Stored allows; floats have no such range.

    DICOM
    -----
    PS3.4 N.2.1.2
    """
    if description.dtype.kind == "f":
        return None
    values = 1 << description.bits_stored
    low = -(values // 2) if description.signed else 0
    return transform.window_from(float(low), float(low + values - 1))


def _chosen(views: list[Lut | Window], voi: int | str) -> Lut | Window:
    if isinstance(voi, str):
        named = [view for view in views if view.explanation.strip().casefold() == voi.strip().casefold()]
        if not named:
            raise PixelError("no VOI LUT and no window of the data set has this explanation")
        return named[0]
    if not 0 <= voi < len(views):
        raise PixelError(f"view {voi} does not exist: the data set has {len(views)} VOI LUTs and windows")
    return views[voi]


def can_be_negative(modality: Lut | Rescale | None, ds: Dataset) -> bool:
    """Tell whether values of an image can be negative after the modality LUT or rescale that is applied to them.

    Then the first value that a VOI LUT maps is signed.

    DICOM
    -----
    PS3.3 C.11.2.1.1
    """
    signed = integer(ds, "PixelRepresentation", absent=0) == 1
    if isinstance(modality, Lut):
        return False
    if modality is None:
        return signed
    bits = integer(ds, "BitsStored", absent=16)
    values = 1 << (bits if 0 < bits <= 64 else 16)
    low = -(values // 2) if signed else 0
    return bool(apply_modality(modality, np.array([low, low + values - 1.0])).min() < 0)


def _luts(holder: Dataset, keyword: str) -> list[Dataset]:
    """Return the items that are tables: some writers put empty ones."""
    return [item for item in items(holder, keyword) if item.get("LUTDescriptor") or item.get("LUTData")]
