"""Presentation states that are made: how images are shown, and what is drawn on them (PS3.3 A.33)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.objects.derived_header import check_images, derived_header, referenced_series, set_header, take_over
from filmless.objects.measurement import Measurement
from filmless.objects.measurement_graphics import graphic_annotations
from filmless.objects.measurement_report import check_measurements
from filmless.objects.presentation_values import displayed_areas, set_modality, set_polarity, softcopy_vois
from filmless.pixels.attributes import text
from filmless.pixels.colour import icc_profile_of, srgb_profile
from filmless.pixels.grey import Window

__all__ = ["presentation_state"]

_GREY, _COLOUR = "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.11.2"


def presentation_state(
    measurements: Sequence[Measurement],
    *,
    source: Dataset | Sequence[Dataset],
    window: tuple[float, float] | Window | None = None,
    displayed_area: tuple[int, int, int, int] | None = None,
    rotation: int = 0,
    flip: bool = False,
    invert: bool = False,
    label: str = "MEASUREMENTS",
    description: str = "",
    creator: str = "",
    header: Mapping[str, Any] | None = None,
) -> Dataset:
    """Make a presentation state: how images are shown, with measurements drawn on them.

    Parameters
    ----------
    measurements
        What is drawn, with words and values beside it; all on images. It may be none.
    source
        The images, of one study, all grey or all in colour.
    window
        Centre and width in modality values, or a window with its VOI LUT Function. By default what
        `filmless.pixels.render` shows each image with: its own first window or LUT, else all values that it has.
    displayed_area
        What is shown: left, top, right and bottom edge in pixels of the image, whose own edges are 0, 0, columns and
        rows. By default all.
    rotation
        Clockwise: 0, 90, 180 or 270.
    flip
        Whether left and right are swapped then.
    invert
        Whether dark and bright are swapped.
    label, description, creator
        Its short name, of at most 16 capitals, digits, spaces and underscores; more about it; who made it.
    header
        More values by keyword: ``SeriesDescription``, ``InstanceNumber``, ...

    Returns
    -------
    Dataset
        A Grayscale, or for images in colour a Color Softcopy Presentation State, in a series of its own.

    Raises
    ------
    TypeError
        The sources are no data sets, or the measurements something else.
    ValueError
        A measurement is in space, or on an image or frame that is not among the sources, or a value does not fit.
    ConversionError
        The images cannot have one state: they differ in rescale or polarity, or are partly in colour.
    ValidationError
        A source image has no UIDs or size.

    DICOM
    -----
    PS3.3 A.33, C.10, C.11

    Examples
    --------
    >>> from filmless import pixels, read
    >>> ct = read("slice.dcm")
    >>> state = presentation_state([], source=ct, window=(40, 400), displayed_area=(32, 32, 96, 96), rotation=90)
    >>> pixels.render(ct, presentation_state=state).shape
    (64, 64)
    """
    images = check_images(source)
    check_measurements(measurements, images)
    if any(measurement.image is None for measurement in measurements):
        raise ValueError("a measurement in space cannot be drawn on an image; `measurement_report` holds it")
    if rotation not in (0, 90, 180, 270):
        raise ValueError("`rotation` is 0, 90, 180 or 270")
    if not re.fullmatch(r"[A-Z0-9_][A-Z0-9 _]{0,15}", label):
        raise ValueError("`label` has 1 to 16 capitals, digits, spaces and underscores")
    for name, words in (("description", description), ("creator", creator)):
        if len(words) > 64 or not words.isprintable() or "\\" in words:
            raise ValueError(f"`{name}` has at most 64 characters on one line, and no backslash")
    _check_area(displayed_area)
    grey = {text(image, "PhotometricInterpretation").startswith("MONOCHROME") for image in images}
    if len(grey) > 1:
        raise ConversionError("some of the sources are grey and some in colour", hint="make a state for each kind")
    ds = derived_header(images[0], sop_class=_GREY if True in grey else _COLOUR, modality="PR")
    ds.PresentationCreationDate, ds.PresentationCreationTime = ds.pop("ContentDate"), ds.pop("ContentTime")
    ds.Laterality = ""
    take_over(ds, images[0], ("Laterality",))
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = label, description, creator
    ds.ReferencedSeriesSequence = list(referenced_series(images, keyword="ReferencedImageSequence"))
    if True in grey:
        _grey_values(ds, images, window, invert=invert)
    elif window is not None or invert:
        raise ValueError("`window` and `invert` are for grey images")
    else:
        ds.ICCProfile = icc_profile_of(images[0]) or srgb_profile()
    ds.DisplayedAreaSelectionSequence = displayed_areas(images, displayed_area, rotation=rotation, flip=flip)
    if rotation or flip:
        ds.ImageRotation, ds.ImageHorizontalFlip = rotation, "Y" if flip else "N"
    if measurements:
        ds.GraphicAnnotationSequence, ds.GraphicLayerSequence = graphic_annotations(measurements)
    set_header(ds, header or {})
    return ds


def _grey_values(
    ds: Dataset, images: Sequence[Dataset], window: tuple[float, float] | Window | None, *, invert: bool
) -> None:
    set_modality(ds, images)
    vois = softcopy_vois(images, window)
    if vois:
        ds.SoftcopyVOILUTSequence = vois
    set_polarity(ds, images, invert=invert)


def _check_area(area: tuple[int, int, int, int] | None) -> None:
    given: object = area
    if given is None:
        return
    if not isinstance(given, tuple | list) or len(given) != 4 or not all(isinstance(edge, int) for edge in given):
        raise ValueError("`displayed_area` is four whole numbers: left, top, right, bottom")
    left, top, right, bottom = given
    if not (-(1 << 30) < left < right < 1 << 30 and -(1 << 30) < top < bottom < 1 << 30):
        raise ValueError("`displayed_area` has its left and top before its right and bottom")
