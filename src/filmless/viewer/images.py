"""What a viewer has to know of an image to show it: how its samples become grey or colour, and where its frames lie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.pixels import PixelDescription, functional_groups
from filmless.pixels.attributes import items, numbers, text
from filmless.pixels.embedded_overlays import GROUPS, embedded_bit
from filmless.pixels.grey import Lut, Rescale, Window, modality_of, padding_of, presentation_of, to_modality, voi_views
from filmless.pixels.multi_frame import FunctionalGroups
from filmless.series import uptake_of
from filmless.viewer.frame_source import source_of
from filmless.viewer.regions import regions_of

__all__ = ["describe_image", "is_colour", "is_drawn"]

Json = dict[str, Any]


def describe_image(ds: Dataset) -> Json:
    """Describe an image, for JSON.

    Parameters
    ----------
    ds
        Its header; its ``file_meta`` names the transfer syntax.

    Returns
    -------
    dict
        Names of the Standard in camel case; millimetres; frames in the order of the file.

    Raises
    ------
    DicomError
        The header contradicts itself: nothing could be shown.

    DICOM
    -----
    PS3.3 10.7, C.7.6.2, C.7.6.3, C.7.6.16, C.8.5.5, C.8.8.3, C.8.9.1, C.8.12.2, C.11.1, C.11.2
    """
    description = PixelDescription.of(ds)
    colour, modality = is_colour(ds, description), modality_of(ds)
    drawn = not colour and is_drawn(ds)
    is_palette = colour and description.samples == 1
    # What makes dose of stored values (C.8.8.3) is no rescale that a browser knows.
    dose = numbers(ds, "DoseGridScaling").tolist()[:1]
    holds_overlays = any(embedded_bit(ds, group, description) is not None for group in GROUPS)
    by_us = drawn or is_palette or isinstance(modality, Lut) or dose or holds_overlays
    source = "samples" if by_us else source_of(description)
    groups = functional_groups(ds)
    found: Json = {
        "rows": description.rows,
        "columns": description.columns,
        "source": source,
        "photometricInterpretation": "RGB" if colour else _grey(ds),
        "bitsAllocated": description.bits_allocated,
        "bitsStored": description.bits_stored,
        "signed": description.signed,
        "frameOfReferenceUID": text(ds, "FrameOfReferenceUID"),
        "rescaleType": text(ds, "RescaleType"),
        "isRescaled": modality not in (None, Rescale(1.0, 0.0)),
        "frames": _frames(ds, groups, source, drawn=drawn),
    }
    if drawn:
        found |= {"photometricInterpretation": "MONOCHROME2", "bitsStored": 8, "signed": False, "isRescaled": False}
        found["isDrawn"] = True
    if "ImageOrientationSlide" in ds:
        found["isSlide"] = True
    padding = padding_of(ds)
    if padding is not None and not colour and not drawn:
        found["padding"] = sorted(to_modality(ds, np.array(padding)).tolist())
    if text(ds, "Modality") == "PT" and not colour:
        found.update(_uptake(ds))
    if dose and not colour and not drawn:
        found["doseGridScaling"] = dose[0]
    is_float = description.dtype.kind == "f"
    if not colour and not drawn and (is_float or dose or "suvbw" in found or _has_fractions(modality, groups)):
        found["isFractional"] = True
    if (times := frame_times(ds, description.frames)) is not None:
        found["frameTimesMs"] = times
    for name, keyword in (("imagerPixelSpacing", "ImagerPixelSpacing"), ("pixelAspectRatio", "PixelAspectRatio")):
        if (sizes := _sizes(numbers(ds, keyword))) is not None:
            found[name] = sizes
    if regions := regions_of(ds):
        found["regions"] = regions
    if (calibration := text(ds, "PixelSpacingCalibrationType")) in {"FIDUCIAL", "GEOMETRY"}:
        found["spacingCalibration"] = calibration
    return found


def is_colour(ds: Dataset, description: PixelDescription) -> bool:
    """Whether an image is shown in colours."""
    if description.samples > 1 or description.photometric_interpretation == "PALETTE COLOR":
        return True
    return "SupplementalPaletteColorLookupTableSequence" in ds or text(ds, "PixelPresentation") == "COLOR"


def is_drawn(ds: Dataset) -> bool:
    """Whether the server makes the greys of an image: a VOI LUT or a Presentation LUT does, which no window is like."""
    try:
        views = voi_views(ds)
    except DicomError:
        return False
    return isinstance(presentation_of(ds), Lut) or bool(views and isinstance(views[0], Lut))


def _grey(ds: Dataset) -> str:
    inverse = presentation_of(ds) == "INVERSE"
    return "MONOCHROME1" if inverse else "MONOCHROME2"


def _has_fractions(modality: Lut | Rescale | None, groups: FunctionalGroups) -> bool:
    """Tell whether a rescale makes values between whole numbers."""
    if isinstance(modality, Rescale) and (modality.slope % 1 or modality.intercept % 1):
        return True
    return groups.rescale is not None and bool((groups.rescale % 1 > 0).any())


def _uptake(ds: Dataset) -> Json:
    """Return what makes uptake of the values, or why they stay what they are."""
    uptake = uptake_of(ds)
    if uptake.suvbw is None:
        return {"unit": uptake.unit, "suvMissing": uptake.missing}
    return {"unit": uptake.unit, "suvbw": uptake.suvbw}


def _frames(ds: Dataset, groups: FunctionalGroups, source: str, *, drawn: bool) -> list[Json]:
    """Return what differs by frame: what is as in the frame before is left out, what only that one has is None."""
    frames: list[Json] = []
    before: Json = {}
    count = groups.frames
    varies = any(getattr(groups, name) is not None and count > 1 for name in ("rescale", "window"))
    shared = {} if drawn else _values(ds, 0, source)
    for number in range(count):
        values = _values(ds, number, source) if varies and number and not drawn else shared
        now = {**_place(groups, number), **values}
        lacks = dict.fromkeys(name for name in before if name not in now)
        frames.append({name: value for name, value in now.items() if before.get(name) != value} | lacks)
        before = now
    return frames


def _place(groups: FunctionalGroups, number: int) -> Json:
    names = {
        "position": groups.positions,
        "orientation": groups.orientations,
        "thickness": groups.thickness_mm,
    }
    place = {name: value for name, values in names.items() if (value := _row(values, number)) is not None}
    spacing = None if groups.spacing is None else _sizes(groups.spacing[number])
    return place if spacing is None else place | {"spacing": spacing}


def _sizes(values: NDArray[np.float64]) -> list[float] | None:
    """Return the height and width of a pixel; None where they are none: some writers put zeros."""
    are_sizes = values.shape == (2,) and np.isfinite(values).all() and (values > 0).all()
    return values.tolist() if are_sizes else None


def _row(values: NDArray[np.float64] | None, number: int) -> Any:
    if values is None or not np.isfinite(values[number]).all():
        return None
    return values[number].tolist()


def _values(ds: Dataset, number: int, source: str) -> Json:
    """Return slope and intercept, and the windows, of a frame."""
    found: Json = {}
    modality = modality_of(ds, number)
    if isinstance(modality, Rescale) and source == "stored":
        found["rescale"] = [modality.slope, modality.intercept]
    try:
        views = voi_views(ds, number)
    except DicomError:
        views = []  # a LUT that cannot be read: the image is shown without it
    windows = [
        {"center": view.center, "width": view.width, "function": view.function, "name": view.explanation}
        for view in views
        if isinstance(view, Window)
    ]
    if windows:
        found["windows"] = windows
    return found


def frame_times(ds: Dataset, frames: int) -> list[float] | None:
    """Return how long each frame is shown, in ms; None when the image does not say.

    DICOM
    -----
    PS3.3 C.7.6.5.1.2, C.7.6.6
    """
    if frames < 2:
        return None
    vector = numbers(ds, "FrameTimeVector").tolist()
    if len(vector) == frames and all(time >= 0 for time in vector):
        # The vector says how long after the one before it a frame begins.
        return [*vector[1:], vector[-1]]
    for keyword, factor in (("FrameTime", 1.0), ("CineRate", 0.0), ("RecommendedDisplayFrameRate", 0.0)):
        said = numbers(ds, keyword).tolist()
        if said and said[0] > 0:
            return [said[0] * factor if factor else 1000.0 / said[0]]
    durations = [
        numbers(item, "FrameAcquisitionDuration").tolist()
        for group in items(ds, "SharedFunctionalGroupsSequence")
        for item in items(group, "FrameContentSequence")
    ]
    return [durations[0][0]] if durations and durations[0] and durations[0][0] > 0 else None
