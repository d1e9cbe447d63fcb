"""Header values of a template: another data set, as far as what it says holds for the new one."""

from collections.abc import Mapping
from typing import Any

from filmless.convert.header.given import NOT_GIVEN, Key, Layer, checked, element_key, layer_of
from filmless.convert.header.levels import OF_PATIENT_AND_STUDY
from filmless.convert.header.sources import data_sets_of, short_name
from filmless.dataset import DataElement, Dataset
from filmless.errors import ConversionError, DicomError
from filmless.file._element_path import place_of

__all__ = ["layer_of_template"]

_OF_INSTANCE = frozenset({"SOPInstanceUID", "InstanceNumber", "InstanceCreationDate", "InstanceCreationTime"})
_PIXEL_GROUP = 0x7FE0


def layer_of_template(source: Any) -> Layer:
    """Take the values of a template.

    Parameters
    ----------
    source
        A DICOM or DICOM JSON file, a data set, or a mapping.

    Returns
    -------
    Layer
        Of an object (it has a SOP Class UID) what is said of patient and study: what is made of something else is of
        another series, and of another device. Of a data set that was written as a template, and of a mapping of
        keywords, all that does not follow from a content.

    Raises
    ------
    ConversionError
        A value is wrong, or there is not one data set.
    """
    found = data_sets_of(source, "template")
    if len(found) != 1:
        raise ConversionError(f"the template is {len(found)} data sets, expected one")
    where = short_name(source, "template")
    if isinstance(found[0], Mapping):
        values = {name: value for name, value in found[0].items() if name not in NOT_GIVEN | _OF_INSTANCE}
        return layer_of(values, where, skip_empty=True)
    return Layer(values_of_data_set(found[0], where), where)


def values_of_data_set(ds: Dataset, where: str) -> dict[Key, Any]:
    """Return the values of a data set that hold for another one, checked."""
    is_object = "SOPClassUID" in ds
    values: dict[Key, Any] = {}
    for element in ds:
        if _is_taken(element, is_object=is_object):
            key, value = _value_of(element, where)
            values[key] = value
    return values


def _is_taken(element: DataElement, *, is_object: bool) -> bool:
    tag, keyword = int(element.tag), element.keyword
    if tag < 0x0008_0000 or tag & 0xFFFF == 0 or tag >> 16 >= _PIXEL_GROUP or element.is_empty:
        return False
    if is_object:
        return keyword in OF_PATIENT_AND_STUDY
    is_overlay = tag >> 24 in (0x50, 0x60)
    return not is_overlay and keyword not in NOT_GIVEN and keyword not in _OF_INSTANCE


def _value_of(element: DataElement, where: str) -> tuple[Key, Any]:
    key = element_key(element)
    try:
        value = element.value
    except (DicomError, ValueError):
        raise ConversionError(f"the value of {place_of(element.tag)} does not decode: {where}") from None
    if isinstance(key, tuple):
        return key, DataElement(element.tag, element.VR, value)
    if element.VR == "SQ":
        value = [item.copy() for item in value]
    elif not isinstance(value, str | bytes | int | float) and hasattr(value, "__iter__"):
        value = list(value)
    return key, checked(key, element.VR, value, where)
