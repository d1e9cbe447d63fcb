"""Presentation states of what was measured: the same drawings, for viewers that read no structured reports."""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, DicomWebError
from filmless.objects import Measurement, presentation_state
from filmless.pixels.attributes import numbers, text
from filmless.pixels.grey import Window

__all__ = ["measured_states", "windows_of"]

_MOST_SERIES: Final = 100
_MOST_STATES: Final = 200


def windows_of(asked: Mapping[str, Any]) -> dict[str, Window] | None:
    """Return the windows that states are asked to have, by series; None when no states are asked for.

    Raises
    ------
    DicomWebError
        They are no windows.
    """
    state = asked.get("state")
    if state is None:
        return None
    given = state.get("windows", {}) if isinstance(state, dict) else None
    if not isinstance(given, dict) or len(given) > _MOST_SERIES:
        raise DicomWebError(
            "`state` is an object with `windows`: centre, width and function by the UID of a series", status=400
        )
    return {uid: _window(window) for uid, window in given.items()}


def _window(given: object) -> Window:
    if isinstance(given, list) and len(given) in (2, 3):
        center, width, *function = given
        # Not `bool`, and no number that is too long for a decimal string.
        if {type(center), type(width)} <= {int, float} and abs(center) < 1e12 and 0 < width < 1e12:
            try:
                return Window(float(center), float(width), *function)
            except (TypeError, ValueError):
                pass
    raise DicomWebError(
        "a window is its centre, its width of more than 0 (of LINEAR at least 1), and its function if not LINEAR",
        status=400,
    )


def measured_states(
    measurements: Sequence[Measurement], *, source: Sequence[Dataset], windows: Mapping[str, Window], title: str
) -> tuple[list[Dataset], list[str]]:
    """Make the presentation states of measurements: one for the images of a series that have one way of rescaling.

    Parameters
    ----------
    measurements
        What was measured; what is in space cannot be drawn on an image.
    source
        The images that were measured.
    windows
        With which window grey images of a series are shown, by its UID, in modality values; others as by themselves.
    title
        What the states say about themselves.

    Returns
    -------
    states, notes
        What was made, and in words what could not be.

    DICOM
    -----
    PS3.3 A.33, C.11.1 (one Modality LUT a state)
    """
    by_image: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        if measurement.image is not None:
            by_image.setdefault(measurement.image.sop_instance_uid, []).append(measurement)
    states: list[Dataset] = []
    notes: list[str] = []
    drawn = [image for image in source if str(image.SOPInstanceUID) in by_image]
    for images in _groups(drawn):
        if len(states) == _MOST_STATES:
            notes.append(f"only the first {_MOST_STATES} presentation states are made")
            break
        own = [measurement for image in images for measurement in by_image[str(image.SOPInstanceUID)]]
        series = text(images[0], "SeriesInstanceUID")
        window = windows.get(series) if _is_grey(images[0]) else None
        try:
            header = {"SeriesDescription": title}
            states.append(presentation_state(own, source=images, window=window, description=title, header=header))
        except ConversionError as error:
            notes.append(f"no presentation state for {_named(images)}: {error.message}")
        except (DicomError, ValueError) as error:
            said = error.message if isinstance(error, DicomError) else str(error)
            notes.append(f"no presentation state for {_named(images)}: {said}")
    if any(measurement.image is None for measurement in measurements):
        notes.append("what was measured in space is in the report alone: a presentation state is of images")
    return states, notes


def _groups(images: Sequence[Dataset]) -> Iterator[list[Dataset]]:
    """Give the images that can have one state: of one series, with one rescale and polarity."""
    found: dict[Hashable, list[Dataset]] = {}
    for image in images:
        rescale = tuple(tuple(numbers(image, name).tolist()) for name in ("RescaleSlope", "RescaleIntercept"))
        looks = tuple(text(image, name) for name in ("PhotometricInterpretation", "PresentationLUTShape"))
        # Tables are not compared: an image with one has a state of its own.
        own = str(image.SOPInstanceUID) if "ModalityLUTSequence" in image else ""
        found.setdefault((text(image, "SeriesInstanceUID"), rescale, looks, own), []).append(image)
    yield from found.values()


def _is_grey(image: Dataset) -> bool:
    return text(image, "PhotometricInterpretation").startswith("MONOCHROME")


def _named(images: Sequence[Dataset]) -> str:
    number = text(images[0], "InstanceNumber").strip()
    first = f"image {number}" if re.fullmatch(r"\d{1,12}", number) else "an image"
    return first if len(images) == 1 else f"{first} and {len(images) - 1} more"
