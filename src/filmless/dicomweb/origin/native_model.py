"""The native XML model, made from DICOM JSON: the header that is kept is not decoded, and its URIs stay."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from filmless import _core

__all__ = ["native_model"]

_COMPONENTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Line ends as references: a parser makes one kind of all others.
_ESCAPES: Final = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def native_model(header: bytes | str) -> bytes | None:
    """Write a DICOM JSON object as XML; None when it holds what XML cannot: the core writes that in another way.

    Parameters
    ----------
    header
        The JSON. Its numbers are written as they stand there.

    DICOM
    -----
    PS3.19 A.1, PS3.18 F.2
    """
    lines = "".join(_elements(json.loads(header, parse_float=str, parse_int=str)))
    if _FORBIDDEN.search(lines):
        return None
    namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<NativeDicomModel xmlns="{namespace}" xml:space="preserve">\n{lines}</NativeDicomModel>\n'
    ).encode()


def _elements(header: Mapping[str, Any]) -> Iterator[str]:
    # One level of nesting is one level of the JSON, which the core bounded when it was written.
    for tag, element in header.items():
        yield f"<DicomAttribute {_named(header, tag, element['vr'])}>"
        if "BulkDataURI" in element:
            uri = _escaped(element["BulkDataURI"])
            yield f'<BulkData uri="{uri}"/>'
        elif "InlineBinary" in element:
            yield f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
        elif element["vr"] == "SQ":
            for number, item in enumerate(element.get("Value", ()), 1):
                yield f'{"" if number > 1 else chr(10)}<Item number="{number}">\n'
                yield from _elements(item or {})
                yield "</Item>\n"
        else:
            for number, value in enumerate(element.get("Value", ()), 1):
                yield from _value(number, value, is_name=element["vr"] == "PN")
        yield "</DicomAttribute>\n"


def _named(header: Mapping[str, Any], tag: str, vr: str) -> str:
    text = f'tag="{tag}" vr="{vr}"'
    group, element = int(tag[:4], 16), int(tag[4:], 16)
    if group % 2 == 0:
        entry = _core.dictionary_entry(int(tag, 16))
        return f'{text} keyword="{entry[3]}"' if entry and entry[3] else text
    block = header.get(f"{tag[:4]}00{tag[4:6]}", {}) if element >= 0x1000 else {}
    creator = next(iter(block.get("Value", ())), None)
    return f'{text} privateCreator="{_escaped(str(creator))}"' if creator else text


def _value(number: int, value: Any, *, is_name: bool) -> Iterator[str]:
    if value is None:
        return
    if not is_name:
        yield f'<Value number="{number}">{_escaped(value)}</Value>'
        return
    yield f'<PersonName number="{number}">'
    for group in _GROUPS:
        if text := value.get(group):
            parts = zip(_COMPONENTS, text.split("^"), strict=False)
            inside = "".join(f"<{name}>{_escaped(part)}</{name}>" for name, part in parts if part)
            yield f"<{group}>{inside}</{group}>"
    yield "</PersonName>"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
