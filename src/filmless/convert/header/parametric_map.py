"""Floats as a Parametric Map: its functional groups (PS3.3 A.75, C.8.32)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from filmless.convert.content import Picture
from filmless.convert.header.modules import code
from filmless.dataset import Dataset

__all__ = ["parametric_map"]

_FRAME_CONTENT = 0x0020_9111
_STACK_ID, _IN_STACK_POSITION = 0x0020_9056, 0x0020_9057
_MEASURES = ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices")


def parametric_map(
    picture: Picture, given: Mapping[Any, Any], new_uid: Callable[[str], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Fill the functional groups and dimensions of frames that lie in one stack, nobody knows where.

    Parameters
    ----------
    picture
        Its samples are in the unit of Measurement Units Code Sequence, which is 1 when none is given.
    given
        Header values; PixelSpacing, SliceThickness, window and unit go into the groups.
    new_uid
        Makes a UID for a purpose.

    Returns
    -------
    tuple
        Values by keyword, and the keywords of ``given`` that went into a group.
    """
    pixels = np.zeros(0) if picture.pixels is None else picture.pixels
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    image_type = [*given.get("ImageType", ["DERIVED", "PRIMARY"]), "", "", ""][:4]
    image_type = [part or default for part, default in zip(image_type, ("DERIVED", "PRIMARY", "", "NONE"), strict=True)]
    window = (given.get("WindowCenter"), given.get("WindowWidth"))
    if window[0] is None:
        window = (_decimal(low / 2 + high / 2), _decimal(max(high - low, abs(low) * 1e-6, 1e-6)))
    mapping = {
        "DoubleFloatRealWorldValueFirstValueMapped": low,
        "DoubleFloatRealWorldValueLastValueMapped": high,
        "RealWorldValueIntercept": 0.0,
        "RealWorldValueSlope": 1.0,
        "LUTExplanation": "stored values",
        "LUTLabel": "STORED",
        "MeasurementUnitsCodeSequence": given.get("MeasurementUnitsCodeSequence") or code("1", "UCUM", "no units"),
    }
    measures = {keyword: given[keyword] for keyword in _MEASURES if keyword in given}
    shared = {
        "PixelMeasuresSequence": [Dataset(measures)],
        "ParametricMapFrameTypeSequence": [Dataset({"FrameType": image_type})],
        "PixelValueTransformationSequence": [
            Dataset({"RescaleIntercept": "0", "RescaleSlope": "1", "RescaleType": "US"})
        ],
        "FrameVOILUTSequence": [Dataset({"WindowCenter": window[0], "WindowWidth": window[1]})],
        "RealWorldValueMappingSequence": [Dataset(mapping)],
    }
    organization = new_uid("dimensions")
    values = {
        "ImageType": image_type,
        "NumberOfFrames": picture.frames,
        "SharedFunctionalGroupsSequence": [Dataset(shared)],
        "PerFrameFunctionalGroupsSequence": [_frame(number) for number in range(1, picture.frames + 1)],
        "DimensionOrganizationSequence": [Dataset({"DimensionOrganizationUID": organization})],
        "DimensionIndexSequence": [
            Dataset(
                {
                    "DimensionOrganizationUID": organization,
                    "DimensionIndexPointer": pointer,
                    "FunctionalGroupPointer": _FRAME_CONTENT,
                    "DimensionDescriptionLabel": label,
                }
            )
            for pointer, label in ((_STACK_ID, "Stack ID"), (_IN_STACK_POSITION, "In-Stack Position Number"))
        ],
    }
    moved = (*_MEASURES, "WindowCenter", "WindowWidth", "MeasurementUnitsCodeSequence")
    return values, tuple(keyword for keyword in moved if keyword in given)


def _frame(number: int) -> Dataset:
    content = {"StackID": "1", "InStackPositionNumber": number, "DimensionIndexValues": [1, number]}
    return Dataset({"FrameContentSequence": [Dataset(content)]})


def _decimal(value: float) -> str:
    return f"{value:.9g}"
