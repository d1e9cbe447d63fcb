"""Header values that somebody gives: named, checked, and laid over one another."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

from filmless import _core
from filmless.convert.header.terms import wrong_term
from filmless.dataset import DataElement, Dataset
from filmless.errors import ConversionError, DicomError, FormatError, ValueRepresentationError
from filmless.file._element_path import keyword_of, path_named, place_of
from filmless.file._typed_value import check_value, value_typed

__all__ = [
    "NOT_GIVEN",
    "Key",
    "Layer",
    "checked",
    "data_set_of",
    "element_key",
    "key_named",
    "layer_of",
    "merged",
    "owned",
    "set_given",
    "text_as_value",
    "value_of_text",
]

Key = str | tuple[int, ...]
"""A keyword; of an element in an item its sequence, item, …, tag; of a private or unknown one its tag alone."""

#: Of the picture or document, or of how it is stored: not for anybody to say.
NOT_GIVEN = frozenset({
    "BitsAllocated", "BitsStored", "Columns", "DoubleFloatPixelData", "EncapsulatedDocument",
    "EncapsulatedDocumentLength", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "FloatPixelData",
    "FrameIncrementPointer", "HighBit", "ICCProfile", "MIMETypeOfEncapsulatedDocument", "NumberOfFrames",
    "PageNumberVector", "PerFrameFunctionalGroupsSequence", "PhotometricInterpretation", "PixelData",
    "PixelRepresentation", "PlanarConfiguration", "Rows", "SOPClassUID", "SamplesPerPixel",
    "SharedFunctionalGroupsSequence", "SpecificCharacterSet",
})  # fmt: skip

_TYPE_1 = frozenset({"ConversionType", "Modality", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"})
_FIRST_TAG = 0x0008_0000
_MAX_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one place.

    Parameters
    ----------
    values
        By key.
    where
        What errors call the place; by key where it is not the same for all.
    """

    values: Mapping[Key, Any] = field(default_factory=dict)
    where: Mapping[Key, str] | str = ""


def key_named(name: str, where: str) -> tuple[Key, str]:
    """Find the element that a name means, and its value representation.

    Raises
    ------
    ConversionError
        There is none, or what it holds is not for anybody to say.
    """
    try:
        path = path_named(name)
    except FormatError as error:
        raise ConversionError(f"{error.message}{_at(where)}", hint=error.hint) from None
    first = path.through[0][0] if path.through else path.tag
    keyword = keyword_of(first)
    if path.item is not None:
        raise ConversionError(f"{name} is an item, expected an element of it, as {name}.Keyword{_at(where)}")
    if first < _FIRST_TAG or keyword in NOT_GIVEN or path.tag & 0xFFFF == 0 or first >> 16 in (0x7FE0, 0xFFFE):
        raise ConversionError(f"{keyword} cannot be given: it follows from the content{_at(where)}", tag=first)
    for tag, item in path.through:
        entry = _core.dictionary_entry(tag)
        if entry is None or entry[1] != "SQ" or item >= _MAX_ITEMS:
            raise ConversionError(f"{keyword_of(tag)} has no such item{_at(where)}", tag=tag)
    entry = _core.dictionary_entry(path.tag)
    if entry is None or not entry[3]:
        raise ConversionError(f"`{name}` is not in the data dictionary{_at(where)}", tag=path.tag)
    if not path.through:
        return entry[3], entry[1]
    return (*(number for step in path.through for number in step), path.tag), entry[1]


def checked(key: Key, vr: str, value: Any, where: str) -> Any:
    """Check a value, and return it as it is set.

    Raises
    ------
    ConversionError
        It breaks the rules of its value representation, or is none of its defined terms; without the value.
    """
    tag = _tag(key)
    keyword = keyword_of(tag)
    if vr == "SQ":
        value = _items(value, keyword, where)
    if keyword in _TYPE_1 and isinstance(key, str) and (value is None or value in ("", [])):
        raise ConversionError(f"{keyword} must not be empty{_at(where)}", tag=tag)
    if isinstance(value, tuple):
        value = list(value)
    wrong = wrong_term(keyword, value)  # before its letters: what is expected says more
    if wrong is not None:
        raise ConversionError(f"{keyword} {wrong[0]}{_at(where)}", tag=tag, hint=wrong[1])
    try:
        check_value(tag, vr, value)
    except ValueRepresentationError as error:
        reason = error.message.removesuffix(f": {place_of(tag)}, {vr}").removesuffix(f": {place_of(tag)}")
        raise ConversionError(f"the value given for {keyword} is wrong: {reason}{_at(where)}", tag=tag) from None
    odd = _oddity(vr, value)
    if odd is not None:
        raise ConversionError(f"the value given for {keyword} is wrong: {odd}{_at(where)}", tag=tag)
    return value


def layer_of(
    values: Mapping[str, Any], where: Callable[[str], str] | str, *, typed: bool = False, skip_empty: bool = False
) -> Layer:
    """Make values by name a layer.

    Parameters
    ----------
    values
        By keyword, ``gggg,eeee`` or path.
    where
        What errors call the place of a name.
    typed
        Values are texts.
    skip_empty
        Empty ones are not given.
    """
    found: dict[Key, Any] = {}
    places: dict[Key, str] = {}
    for name, value in values.items():
        place = where if isinstance(where, str) else where(name)
        if not isinstance(name, str):
            raise ConversionError(f"a name of a value is a {type(name).__name__}, expected a text{_at(place)}")
        key, vr = key_named(name, place)
        if skip_empty and (value is None or value in ("", [])):
            continue
        if typed:
            value = text_as_value(key, vr, value, place)  # noqa: PLW2901 - the text is not the value
        if key in found:
            raise ConversionError(f"{name} is given twice{_at(place)}", tag=_tag(key))
        found[key], places[key] = checked(key, vr, value, place), place
    _check_window(found, places)
    return Layer(found, places)


def value_of_text(keyword: str, text: str) -> Any:
    r"""Make a text the value of an element: what a person types, or writes into a table.

    Parameters
    ----------
    keyword
        Keyword, ``gggg,eeee`` or path.
    text
        Several values are parted by a backslash; a code is ``value^scheme^meaning``, as in ``mm^UCUM^mm``.

    Returns
    -------
    Any
        What `to_dicom` takes for it, checked.

    Raises
    ------
    ConversionError
        The keyword is none, or the text is no value for it; the text is not repeated.

    Examples
    --------
    >>> value_of_text("PixelSpacing", r"0.5\0.5")
    ['0.5', '0.5']

    DICOM
    -----
    PS3.5 6.2
    """
    key, vr = key_named(keyword, "")
    return checked(key, vr, text_as_value(key, vr, text, ""), "")


def merged(layers: Iterable[Layer]) -> dict[Key, Any]:
    """Lay values over one another; the last wins. A sequence as a whole replaces elements given for its items."""
    found: dict[Key, Any] = {}
    has_paths = False
    for layer in layers:
        if has_paths:
            whole = {_tag(key) for key in layer.values if isinstance(key, str)}
            found = {key: value for key, value in found.items() if isinstance(key, str) or key[0] not in whole}
        found.update(layer.values)
        has_paths = has_paths or not all(isinstance(key, str) for key in layer.values)
    return found


def set_given(ds: Dataset, key: tuple[int, ...], value: Any) -> None:
    """Set what is no keyword: an element of an item, which is added when it is the next, or a private one."""
    if len(key) == 1:
        ds.add(DataElement(value.tag, "SQ", owned(list(value.value))) if value.VR == "SQ" else value)
        return
    here = ds
    for at in range(0, len(key) - 1, 2):
        tag, item = key[at], key[at + 1]
        if tag not in here:
            here.add_new(tag, "SQ", [])
        items = here[tag].value
        if item > len(items):
            raise ConversionError(
                f"{keyword_of(tag)} has no item {item}, expected at most {len(items)}: the next one", tag=tag
            )
        if item == len(items):
            items.append(Dataset())
        here = items[item]
    here[key[-1]] = value


def data_set_of(values: Any) -> Dataset:
    """Make a data set of its own of another one, or of a mapping whose sequences are lists of mappings.

    Raises
    ------
    TypeError, ValueError, KeyError, DicomError
        A keyword or value is none; with the value.
    """
    if isinstance(values, _core.Dataset):
        return Dataset(values).copy()
    found = Dataset()
    for keyword, value in values.items():
        found[keyword] = [data_set_of(item) for item in value] if _is_sequence(value) else value
        if isinstance(value, bytes):
            element = found[keyword]
            check_value(int(element.tag), element.VR, value)
    return found


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)


def owned(value: list[Any]) -> list[Any]:
    """Give a data set items of its own: an edit of one is not one of the others."""
    if value and isinstance(value[0], Dataset):
        return [item.copy() for item in value]
    return list(value)


def _tag(key: Key) -> int:
    if isinstance(key, tuple):
        return key[-1]
    entry = _core.dictionary_entry(key)
    return 0 if entry is None else entry[0]


def _at(where: str) -> str:
    return f": {where}" if where else ""


def text_as_value(key: Key, vr: str, text: Any, where: str) -> Any:
    """Make a text what an element of this key and representation takes; what is no text stays.

    Raises
    ------
    ConversionError
        It is no value for it.
    """
    if not isinstance(text, str):
        return text
    if vr == "SQ" and text:
        parts = text.split("^")
        if len(parts) == 3 and all(parts):
            return [Dataset(dict(zip(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), parts, strict=True)))]
    try:
        return value_typed(_tag(key), vr, text)
    except ValueRepresentationError as error:
        hint = "a code is given as value^scheme^meaning" if vr == "SQ" else None
        raise ConversionError(f"{error.message}{_at(where)}", tag=_tag(key), hint=hint) from None


def _items(value: Any, keyword: str, where: str) -> list[Dataset]:
    """Make items, as data sets or mappings, data sets of their own; one is taken as a list of one."""
    if value is None or value == "":
        return []
    try:
        given = [value] if isinstance(value, Mapping | _core.Dataset) else list(value)
        items = [data_set_of(item) for item in given]
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError, DicomError):
        raise ConversionError(f"{keyword} does not fit, expected a list of data sets{_at(where)}") from None
    for item in items:
        for element in item.walk():
            # Scanners give requests and references a Laterality of other terms; nothing goes by it there.
            is_limited = element.VR == "CS" and element.keyword != "Laterality"
            wrong = wrong_term(element.keyword, element.value) if is_limited else None
            if wrong is not None:
                raise ConversionError(f"{element.keyword} {wrong[0]}: in {keyword}{_at(where)}", hint=wrong[1])
    return items


def _oddity(vr: str, value: Any) -> str | None:
    """Say what is odd in a value that the rules of its representation let pass, for files that were read."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, float) and not isfinite(part):
            return "it is no finite number"
        if isinstance(part, str) and "\x1b" in part:
            return "it holds an escape, which no text in UTF-8 has"
        if vr in ("DA", "DT") and isinstance(part, str) and not _is_day(part[:8]):
            return "no calendar has this day"
    return None


def _is_day(text: str) -> bool:
    """Whether a day exists; that it has the form of one was looked at, and others have months or years only."""
    try:
        return len(text) < 8 or not text.isdigit() or date(int(text[:4]), int(text[4:6]), int(text[6:])) is not None
    except ValueError:
        return False


def _check_window(found: Mapping[Key, Any], places: Mapping[Key, str]) -> None:
    if ("WindowCenter" in found) != ("WindowWidth" in found):
        place = places.get("WindowCenter") or places.get("WindowWidth") or ""
        raise ConversionError(f"WindowCenter and WindowWidth have to be given together{_at(place)}")


def element_key(element: DataElement) -> Key:
    """Return the key of an element of a data set."""
    return element.keyword or (int(element.tag),)
