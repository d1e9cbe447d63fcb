"""Floats as a Parametric Map: its functional groups (PS3.3 A.75, C.8.32)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Picture
from filmless.convert.header.modules import code
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset

__all__ = ["parametric_map"]

_FRAME_CONTENT = 0x0020_9111
_STACK_ID, _IN_STACK_POSITION = 0x0020_9056, 0x0020_9057
_MEASURES = {"PixelSpacing": ["1", "1"], "SliceThickness": "1"}
_PLACE = {"ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"], "ImagePositionPatient": ["0", "0", "0"]}
#: These go into a group, where they are given for the object.
_MOVED = (*_MEASURES, *_PLACE, "SpacingBetweenSlices", "WindowCenter", "WindowWidth", "MeasurementUnitsCodeSequence")
_IMAGE_TYPE = ("DERIVED", "PRIMARY", "PARAMETRIC_MAP", "NONE")


def parametric_map(
    picture: Picture,
    given: Mapping[Any, Any],
    new_uid: Callable[[str], str],
    tell: Callable[[ConversionNotice], None],
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Fill the functional groups and dimensions of frames that lie in one stack.

    Parameters
    ----------
    picture
        Its samples are in the unit of Measurement Units Code Sequence, which is 1 when none is given.
    given
        Header values; size and place of pixels, window and unit go into the groups.
    new_uid
        Makes a UID for a purpose.
    tell
        Gets a notice when size or place have to be assumed.

    Returns
    -------
    tuple
        Values by keyword, and the keywords of ``given`` that went into a group.
    """
    assumed = [keyword for keyword in (*_MEASURES, *_PLACE) if not given.get(keyword)]
    if assumed:
        message = f"{', '.join(assumed)} have to be in a Parametric Map, and are assumed: 1 mm, along the axes"
        tell(ConversionNotice("geometry-assumed", message))
    place = {keyword: given.get(keyword) or default for keyword, default in (_MEASURES | _PLACE).items()}
    image_type = [*(given.get("ImageType") or []), "", "", ""][:4]
    image_type = [part or default for part, default in zip(image_type, _IMAGE_TYPE, strict=True)]
    image_type[0] = _IMAGE_TYPE[0]  # floats are always derived
    organization = new_uid("dimensions")
    values = {
        "ImageType": image_type,
        "NumberOfFrames": picture.frames,
        "SharedFunctionalGroupsSequence": [_shared(picture, given, place, image_type)],
        "PerFrameFunctionalGroupsSequence": [
            _frame(number, position)
            for number, position in enumerate(_positions(place, given, picture.frames).tolist(), 1)
        ],
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
    return values, tuple(keyword for keyword in _MOVED if keyword in given)


def _shared(picture: Picture, given: Mapping[Any, Any], place: Mapping[str, Any], image_type: list[str]) -> Dataset:
    pixels = np.zeros(0) if picture.pixels is None else picture.pixels
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    center, width = given.get("WindowCenter"), given.get("WindowWidth")
    if center is None:
        center, width = _decimal(low / 2 + high / 2), _decimal(max(high / 2 - low / 2, abs(low) * 1e-6, 1e-6) * 2)
    mapping = {
        "DoubleFloatRealWorldValueFirstValueMapped": low,
        "DoubleFloatRealWorldValueLastValueMapped": high,
        "RealWorldValueIntercept": 0.0,
        "RealWorldValueSlope": 1.0,
        "LUTExplanation": "stored values",
        "LUTLabel": "STORED",
        "MeasurementUnitsCodeSequence": given.get("MeasurementUnitsCodeSequence") or code("1", "UCUM", "no units"),
    }
    measures = {keyword: place[keyword] for keyword in _MEASURES}
    if given.get("SpacingBetweenSlices"):
        measures["SpacingBetweenSlices"] = given["SpacingBetweenSlices"]
    window = {"WindowCenter": center, "WindowWidth": width, "VOILUTFunction": "LINEAR_EXACT"}
    groups = {
        "PixelMeasuresSequence": measures,
        "PlaneOrientationSequence": {"ImageOrientationPatient": place["ImageOrientationPatient"]},
        "ParametricMapFrameTypeSequence": {"FrameType": image_type},
        "PixelValueTransformationSequence": {"RescaleIntercept": "0", "RescaleSlope": "1", "RescaleType": "US"},
        "FrameVOILUTSequence": window,
        "RealWorldValueMappingSequence": mapping,
    }
    return Dataset({keyword: [Dataset(group)] for keyword, group in groups.items()})


def _positions(place: Mapping[str, Any], given: Mapping[Any, Any], frames: int) -> NDArray[np.float64]:
    """Put frames behind one another along their normal."""
    first = np.array([float(part) for part in place["ImagePositionPatient"]])
    orientation = np.array([float(part) for part in place["ImageOrientationPatient"]])
    step = float(given.get("SpacingBetweenSlices") or place["SliceThickness"])
    return first + np.outer(np.arange(frames) * step, np.cross(orientation[:3], orientation[3:]))


def _frame(number: int, position: list[float]) -> Dataset:
    content = {"StackID": "1", "InStackPositionNumber": number, "DimensionIndexValues": [1, number]}
    return Dataset(
        {
            "FrameContentSequence": [Dataset(content)],
            "PlanePositionSequence": [Dataset({"ImagePositionPatient": [_decimal(part) for part in position]})],
        }
    )


def _decimal(value: float) -> str:
    return f"{value:.9g}"
