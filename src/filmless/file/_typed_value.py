"""Values as a person types them, made what their value representation takes, and checked against it (PS3.5 6.2)."""

from collections.abc import Callable
from typing import Any

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import DicomError, FormatError, ValueRepresentationError
from filmless.file._element_path import keyword_of, place_of, tag_named
from filmless.file._read import read
from filmless.file._write import encode

__all__ = ["check_value", "value_typed"]

#: These hold one text each, in which a backslash is a letter.
_SINGLE_TEXT = {"LT", "ST", "UR", "UT"}
_NUMBERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV", "US or SS", "US or OW", "US or SS or OW"), int),
    **dict.fromkeys(("FL", "FD"), float),
    "AT": tag_named,
}
_BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW"}
_TEXTS = {*_SINGLE_TEXT, "LO", "PN", "SH", "UC"}
_UTF_8 = "ISO_IR 192"
#: What a value has to be, in the words of a person (PS3.5 6.2).
_EXPECTED = {
    "AE": "a name of at most 16 characters",
    "AS": "an age as three digits and D, W, M or Y: 034Y",
    "AT": "keywords or tags as gggg,eeee",
    "CS": "a code of capital letters, digits, spaces and _, at most 16",
    "DA": "a date as YYYYMMDD",
    "DS": "a number of at most 16 characters, as 1.75",
    "DT": "a date and time as YYYYMMDDHHMMSS",
    "IS": "a whole number of at most 12 digits",
    "LO": "a text of at most 64 characters in one line",
    "PN": "a name as Family^Given of at most 64 characters in one line",
    "SH": "a text of at most 16 characters in one line",
    "TM": "a time as HHMMSS",
    "UI": "a UID of numbers between dots, at most 64 characters",
    **dict.fromkeys(("LT", "ST", "UT"), "a text"),
    **dict.fromkeys(("FL", "FD"), "a number, as 1.75"),
    "SL": "a whole number of -2147483648 to 2147483647",
    "SS": "a whole number of -32768 to 32767",
    "UL": "a whole number of 0 to 4294967295",
    "US": "a whole number of 0 to 65535",
    **dict.fromkeys(("SV", "UV"), "a whole number"),
    "UC": "a text in one line",
    "UR": "an address as https://example.org",
}


def value_typed(tag: int, vr: str, text: str) -> Any:
    """Make a text the value of an element; a backslash parts several values.

    Raises
    ------
    ValueRepresentationError
        When the text is no number where one is needed, or the representation cannot be typed.
    """
    if vr == "SQ":
        if text:
            raise ValueRepresentationError(
                f"{place_of(tag)} is a sequence: set elements of its items, as {keyword_of(tag)}[0].Keyword"
            )
        return []
    if vr in _BINARY:
        if text:
            raise ValueRepresentationError(f"{place_of(tag)} holds bytes ({vr}), which cannot be typed")
        return None
    if vr in _SINGLE_TEXT:
        return text
    parts = text.split("\\") if text else []
    try:
        values = [_NUMBERS.get(vr, str)(part) for part in parts]
    except (FormatError, ValueError):
        expected = _EXPECTED.get(vr, "a whole number")
        raise ValueRepresentationError(f"{place_of(tag)} takes {expected} ({vr})") from None
    return values[0] if len(values) == 1 else values or None


def check_value(tag: int, vr: str, value: Any) -> None:
    """Check a value against its representation and multiplicity, as `filmless check` does.

    Raises
    ------
    ValueRepresentationError
        When it breaks a rule; the message does not repeat the value.
    """
    if vr not in {*_BINARY, "SQ"} and any(isinstance(one, bytes) for one in _values(value)):
        expected = _EXPECTED.get(vr, "a whole number")
        raise ValueRepresentationError(f"it is bytes, expected {expected}: {place_of(tag)}, {vr}")
    probe = Dataset()
    probe.SpecificCharacterSet = _UTF_8
    try:
        probe.add_new(tag, vr, value)
        findings = read(encode(probe, part10=False), force=True).findings
    except (DicomError, ValueError, TypeError) as error:
        reason = error.message if isinstance(error, DicomError) else str(error)
        if vr in _EXPECTED and (vr not in _TEXTS or isinstance(error, ValueRepresentationError)):
            reason = f"expected {_EXPECTED[vr]}: {place_of(tag)}, {vr}"
        raise ValueRepresentationError(reason) from None
    for finding in findings:
        # Of a sequence what its items hold, too.
        if (finding.tag == tag or vr == "SQ") and finding.code.startswith("value-"):
            found = tag if finding.tag is None else finding.tag
            raise ValueRepresentationError(f"{_wrong(finding, found, vr)}: {place_of(found)}, {vr}")


def _values(value: Any) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else (value,)


def _wrong(finding: Finding, tag: int, vr: str) -> str:
    """Say what is wrong, and what is expected."""
    entry = _core.dictionary_entry(tag)
    vr = entry[1] if entry is not None and vr == "SQ" else vr
    if finding.code == "value-multiplicity" and entry is not None:
        return f"expected {entry[2]} value{'s'[: entry[2] != '1']}, parted by a backslash"
    if finding.code in ("value-characters", "value-form") and vr in _EXPECTED:
        return f"expected {_EXPECTED[vr]}"
    if finding.code == "value-too-long" and vr in _EXPECTED:
        return f"{finding.message}, expected {_EXPECTED[vr]}"
    return finding.message
