"""Floats as a Parametric Map: its functional groups (PS3.3 A.75, C.8.32)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from filmless.convert.content import Picture
from filmless.convert.header.modules import code
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import ConversionError

__all__ = ["parametric_map"]

_FRAME_CONTENT = 0x0020_9111
_STACK_ID, _IN_STACK_POSITION = 0x0020_9056, 0x0020_9057
# Size: type 1C of the Pixel Measures Macro, and always asked for, since Volumetric Properties is no part of this IOD.
_MEASURES = {"PixelSpacing": ["1", "1"], "SliceThickness": "1"}
# Place: nothing tells where a picture lies in the patient, so nothing is said of it. Its attributes are type 1C, needed
# when Value 1 of Frame Type is ORIGINAL; it is DERIVED: the items of their macros (C.7.6.16.2.3 and .4) are there,
# as readers expect, and empty. So none of them can lay the map over other images.
_PLACE = ("ImageOrientationPatient", "ImagePositionPatient")
#: These go into a group, where they are given for the object.
_MOVED = (*_MEASURES, *_PLACE, "SpacingBetweenSlices", "WindowCenter", "WindowWidth", "MeasurementUnitsCodeSequence")
_HALF_OF_ALL = 8e307  # its double is a number for readers, too
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
        Gets a notice when the size of pixels has to be assumed.

    Returns
    -------
    tuple
        Values by keyword, and the keywords of ``given`` that went into a group.

    Raises
    ------
    ConversionError
        Of position and orientation only one is given.
    """
    assumed = [keyword for keyword in _MEASURES if not given.get(keyword)]
    if assumed:
        message = f"{' and '.join(assumed)}, without which there is no Parametric Map, assumed to be 1 mm"
        tell(ConversionNotice("geometry-assumed", message))
    missing = [keyword for keyword in _PLACE if not given.get(keyword)]
    if len(missing) == 1:
        other = next(keyword for keyword in _PLACE if keyword not in missing)
        raise ConversionError(f"{other} is given, which needs {missing[0]}", hint=f"give {missing[0]}, or neither")
    measures = {keyword: given.get(keyword) or default for keyword, default in _MEASURES.items()}
    image_type = [*(given.get("ImageType") or []), "", "", ""][:4]
    image_type = [part or default for part, default in zip(image_type, _IMAGE_TYPE, strict=True)]
    image_type[0] = _IMAGE_TYPE[0]  # floats are always derived
    organization = new_uid("dimensions")
    values = {
        "ImageType": image_type,
        "NumberOfFrames": picture.frames,
        "SharedFunctionalGroupsSequence": [_shared(picture, given, measures, image_type)],
        "PerFrameFunctionalGroupsSequence": [
            _frame(number, position) for number, position in enumerate(_positions(given, measures, picture.frames), 1)
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


def _shared(picture: Picture, given: Mapping[Any, Any], measures: dict[str, Any], image_type: list[str]) -> Dataset:
    pixels = np.zeros(0) if picture.pixels is None else picture.pixels
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    center, width = given.get("WindowCenter"), given.get("WindowWidth")
    if center is None:
        # Halves: the range of doubles is wider than a double.
        half = min(max(high / 2 - low / 2, abs(low) * 1e-6, 1e-6), _HALF_OF_ALL)
        center, width = _decimal(low / 2 + high / 2), _decimal(half * 2)
    mapping = {
        "DoubleFloatRealWorldValueFirstValueMapped": low,
        "DoubleFloatRealWorldValueLastValueMapped": high,
        "RealWorldValueIntercept": 0.0,
        "RealWorldValueSlope": 1.0,
        "LUTExplanation": "stored values",
        "LUTLabel": "STORED",
        "MeasurementUnitsCodeSequence": given.get("MeasurementUnitsCodeSequence") or code("1", "UCUM", "no units"),
    }
    if given.get("SpacingBetweenSlices"):
        measures["SpacingBetweenSlices"] = given["SpacingBetweenSlices"]
    window = {"WindowCenter": center, "WindowWidth": width, "VOILUTFunction": "LINEAR_EXACT"}
    groups = {
        "PixelMeasuresSequence": measures,
        "PlaneOrientationSequence": {keyword: given[keyword] for keyword in _PLACE[:1] if given.get(keyword)},
        "ParametricMapFrameTypeSequence": {"FrameType": image_type},
        "PixelValueTransformationSequence": {"RescaleIntercept": "0", "RescaleSlope": "1", "RescaleType": "US"},
        "FrameVOILUTSequence": window,
        "RealWorldValueMappingSequence": mapping,
    }
    return Dataset({keyword: [Dataset(group)] for keyword, group in groups.items()})


def _positions(given: Mapping[Any, Any], measures: Mapping[str, Any], frames: int) -> list[dict[str, Any]]:
    """Put frames behind one another along their normal; nowhere when it is not known where the first is."""
    if not given.get("ImagePositionPatient"):
        return [{}] * frames
    first = np.array([float(part) for part in given["ImagePositionPatient"]])
    orientation = np.array([float(part) for part in given["ImageOrientationPatient"]])
    step = float(given.get("SpacingBetweenSlices") or measures["SliceThickness"])
    places = first + np.outer(np.arange(frames) * step, np.cross(orientation[:3], orientation[3:]))
    return [{"ImagePositionPatient": [_decimal(part) for part in place]} for place in places.tolist()]


def _frame(number: int, position: dict[str, Any]) -> Dataset:
    content = {"StackID": "1", "InStackPositionNumber": number, "DimensionIndexValues": [1, number]}
    return Dataset({"FrameContentSequence": [Dataset(content)], "PlanePositionSequence": [Dataset(position)]})


def _decimal(value: float) -> str:
    return f"{value:.9g}"
