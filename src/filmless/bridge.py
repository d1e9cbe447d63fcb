"""Data sets of pydicom, element by element, both ways.

What was not touched crosses as the bytes it was read as: neither side decodes and encodes it.
"""

from __future__ import annotations

import array
from typing import Any

from filmless import _core
from filmless.dataset import DataElement, Dataset
from filmless.errors import UnsupportedError

_CHARACTER_SET = 0x00080005
_UNDEFINED = 0xFFFFFFFF
#: Bytes of the words of a value whose order depends on the transfer syntax (PS3.5 7.3).
_WORDS = {
    "AT": 2, "US": 2, "SS": 2, "OW": 2, "US or SS": 2, "US or OW": 2, "US or SS or OW": 2, "OB or OW": 2,
    "UL": 4, "SL": 4, "FL": 4, "OL": 4, "OF": 4, "UV": 8, "SV": 8, "FD": 8, "OV": 8, "OD": 8,
}  # fmt: skip
#: Text in the specific character set (PS3.5 6.1.2.2).
_TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}


def to_pydicom(dataset: Dataset) -> Any:
    """Return a data set as pydicom's.

    Parameters
    ----------
    dataset
        Of it, values that still lie in the file are read.

    Returns
    -------
    pydicom.Dataset
        A ``pydicom.FileDataset`` with preamble and file meta information when it came from a file.

    Raises
    ------
    UnsupportedError
        Without pydicom, which comes with the extra ``pydicom``.

    Notes
    -----
    Elements that were not touched cross as their bytes, with the transfer syntax and character set they are encoded
    in; pydicom decodes them when they are asked for. Text that was edited and does not fit the data set's character
    set makes that ISO_IR 192, as writing does.

    Examples
    --------
    >>> filmless.bridge.to_pydicom(filmless.read("slice.dcm")).PatientID
    '1CT1'

    DICOM
    -----
    PS3.5 7
    """
    pydicom = _pydicom()
    explicit, big_endian = dataset._encoding  # noqa: SLF001
    export = _Export(pydicom, explicit=explicit, big_endian=big_endian)
    elements = export.elements(dataset, ["iso8859"])
    meta = _Export(pydicom, explicit=True, big_endian=False).elements(dataset.file_meta, ["iso8859"])
    if not meta and dataset.path is None and dataset.preamble is None:
        result = pydicom.Dataset(elements)
    else:
        result = pydicom.FileDataset(
            str(dataset.path or ""),
            elements,
            preamble=dataset.preamble,
            file_meta=pydicom.dataset.FileMetaDataset(meta),
            is_implicit_VR=not explicit,
            is_little_endian=not big_endian,
        )
    export.finish(result, dataset, ["iso8859"])
    if export.needs_unicode:
        result.SpecificCharacterSet = "ISO_IR 192"
    return result


def from_pydicom(dataset: Any) -> Dataset:
    """Return pydicom's data set as one of ours.

    Parameters
    ----------
    dataset
        A ``pydicom.Dataset``, with its file meta information and preamble when it has them.

    Raises
    ------
    UnsupportedError
        Without pydicom, which comes with the extra ``pydicom``.
    TypeError
        When it is no data set of pydicom.

    Notes
    -----
    Elements that pydicom has not decoded cross as their bytes, texts of DS and IS as they are.

    Examples
    --------
    >>> import pydicom
    >>> filmless.from_pydicom(pydicom.dcmread("slice.dcm")).Modality
    'CT'

    DICOM
    -----
    PS3.5 7
    """
    pydicom = _pydicom()
    if not isinstance(dataset, pydicom.Dataset):
        message = f"`from_pydicom` takes a data set of pydicom, and was given `{type(dataset).__name__}`"
        raise TypeError(message)
    result = _imported(dataset)
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        result.file_meta = _imported(meta)
    preamble = getattr(dataset, "preamble", None)
    if preamble:
        result.preamble = preamble
    return result


def _pydicom() -> Any:
    try:
        import pydicom.charset
        import pydicom.dataset
        import pydicom.sequence
    except ModuleNotFoundError:
        message = "data sets of pydicom are not supported without it"
        raise UnsupportedError(message, feature="pydicom", hint="pip install filmless[pydicom]") from None
    return pydicom


def _swapped(value: bytes, vr: str) -> bytes:
    """Return a value with the bytes of its words in the other order; a rest that is no word stays."""
    size = _WORDS.get(vr, 1)
    if size == 1:
        return value
    whole = len(value) // size * size
    words = array.array({2: "H", 4: "I", 8: "Q"}[size], value[:whole])
    words.byteswap()
    return words.tobytes() + value[whole:]


# -- to pydicom ------------------------------------------------------------------------------------------------------


class _Export:
    """One data set with its items on their way to pydicom, all in one encoding."""

    def __init__(self, pydicom: Any, *, explicit: bool, big_endian: bool) -> None:
        self._pydicom, self._explicit, self._big_endian = pydicom, explicit, big_endian
        self.needs_unicode = False

    def elements(self, dataset: Dataset, inherited: list[str]) -> dict[Any, Any]:
        """Elements of a data set by pydicom's tags; `inherited` is the character set around it."""
        encodings = self._encodings(dataset, inherited)
        return {tag: self._element(tag, element, encodings) for tag, element in self._tagged(dataset)}

    def finish(self, result: Any, dataset: Dataset, inherited: list[str]) -> None:
        """Tell a data set of pydicom how its elements are encoded."""
        result.set_original_encoding(not self._explicit, not self._big_endian, self._encodings(dataset, inherited))
        result._parent_encoding = inherited  # noqa: SLF001  as pydicom's own reader does

    def _tagged(self, dataset: Dataset) -> list[tuple[Any, DataElement]]:
        return [(self._pydicom.tag.BaseTag(element.tag), element) for element in dataset]

    def _encodings(self, dataset: Dataset, inherited: list[str]) -> list[str]:
        if _CHARACTER_SET not in dataset:
            return inherited
        terms = dataset[_CHARACTER_SET].value
        encodings: list[str] = self._pydicom.charset.convert_encodings(
            terms if isinstance(terms, list) else terms or ""
        )
        return encodings

    def _element(self, tag: Any, element: DataElement, encodings: list[str]) -> Any:
        vr = element.VR
        if vr == "SQ":
            items = [self._item(item, encodings) for item in element.value]
            result = self._pydicom.DataElement(tag, vr, self._pydicom.Sequence(items))
            result.is_undefined_length = element.is_undefined_length
            return result
        if element.offset is None and vr in _TEXT and not (element.text or "").isascii():
            return self._text(tag, vr, element, encodings)
        value = element.raw
        if element.is_big_endian != self._big_endian:
            value = _swapped(value, vr)
        if element.offset is None and len(value) % 2:
            value += b"\0" if vr in {"UI", "OB", "UN"} else b" "
        # What is set as a stream of fragments is written as one (PS3.5 A.4).
        fragments = element.is_encapsulated or (tag == 0x7FE00010 and value.startswith(b"\xfe\xff\x00\xe0"))
        length = _UNDEFINED if fragments else len(value)
        offset = element.offset or 0
        vr = "UN" if element._is_unknown else vr  # noqa: SLF001  pydicom looks in its dictionaries, and writes UN again
        raw = self._pydicom.dataelem.RawDataElement
        return raw(tag, vr, length, value, offset, not self._explicit, not self._big_endian, True)

    def _text(self, tag: Any, vr: str, element: DataElement, encodings: list[str]) -> Any:
        """Text that was set: pydicom encodes it when it writes."""
        try:
            for part in str(element.text).replace("^", "\\").replace("=", "\\").split("\\"):
                if not any(_holds(encoding, part) for encoding in encodings):
                    raise UnicodeError  # noqa: TRY301  as encoding itself raises
        except UnicodeError:
            self.needs_unicode = True
        value = element.value
        return self._pydicom.DataElement(tag, vr, list(map(str, value)) if isinstance(value, list) else str(value))

    def _item(self, item: Dataset, inherited: list[str]) -> Any:
        result = self._pydicom.Dataset(self.elements(item, inherited))
        self.finish(result, item, inherited)
        result.is_undefined_length_sequence_item = item._is_undefined_length  # noqa: SLF001
        return result


def _holds(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


# -- from pydicom ----------------------------------------------------------------------------------------------------


def _imported(dataset: Any) -> Dataset:
    result = Dataset()
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag)
        vr, value = _raw(dataset, element) if element.is_raw else _decoded(element)
        result.add_new(int(tag), vr, value)
    return result


def _raw(dataset: Any, element: Any) -> tuple[str, Any]:
    """Representation and value of an element that pydicom has read and not decoded."""
    vr, value = element.VR or "UN", element.value or b""
    if vr == "UN" and _known_vr(element.tag) is not None:
        vr = str(_known_vr(element.tag))
        if element.is_implicit_VR and vr == "OB or OW":  # PS3.5 A.1
            vr = "OW"
    in_character_set = vr in _TEXT and not (value.isascii() and b"\x1b" not in value)
    if in_character_set or vr in {"SQ", "UN"}:
        decoded = dataset[element.tag]
        if decoded.VR == "SQ" or in_character_set:
            return _decoded(decoded)
        if decoded.VR != "UN" and not element.is_little_endian:  # words that only a private dictionary knows
            return str(decoded.VR), _swapped(value, str(decoded.VR))
    return vr, value if element.is_little_endian else _swapped(value, vr)


def _known_vr(tag: int) -> str | None:
    row = _core.dictionary_entry(int(tag))
    return None if row is None else row[1]


def _decoded(element: Any) -> tuple[str, Any]:
    vr, value = str(element.VR), element.value
    if vr == "SQ":
        return vr, [_imported(item) for item in value]
    if element.is_buffered:
        start = value.tell()
        value = value.read()
        element.value.seek(start)
    is_list = not isinstance(value, str | bytes) and hasattr(value, "__iter__") and not _is_name(value)
    return vr, [_plain(part) for part in value] if is_list else _plain(value)


def _is_name(value: Any) -> bool:
    return hasattr(value, "components")


def _plain(value: Any) -> Any:
    """Return a single value of pydicom as Python's own; numbers that were text as that text."""
    text = getattr(value, "original_string", None)
    if isinstance(text, str):
        return text
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) or hasattr(value, "as_tuple"):  # a Decimal, of DSdecimal
        return float(value)
    return str(value)
