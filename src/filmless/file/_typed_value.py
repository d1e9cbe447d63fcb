"""Values as a person types them, made what their value representation takes, and checked against it (PS3.5 6.2)."""

from collections.abc import Callable
from typing import Any

from filmless.dataset import Dataset
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
_UTF_8 = "ISO_IR 192"


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
    convert = _NUMBERS.get(vr, str)
    try:
        values = [convert(part) for part in parts]
    except FormatError:
        raise ValueRepresentationError(f"{place_of(tag)} takes keywords or tags as gggg,eeee ({vr})") from None
    except ValueError:
        kind = "whole numbers" if convert is int else "numbers"
        raise ValueRepresentationError(f"{place_of(tag)} takes {kind} ({vr})") from None
    return values[0] if len(values) == 1 else values or None


def check_value(tag: int, vr: str, value: Any) -> None:
    """Check a value against its representation and multiplicity, as `filmless check` does.

    Raises
    ------
    ValueRepresentationError
        When it breaks a rule; the message does not repeat the value.
    """
    probe = Dataset()
    probe.SpecificCharacterSet = _UTF_8
    try:
        probe.add_new(tag, vr, value)
        findings = read(encode(probe, part10=False), force=True).findings
    except (DicomError, ValueError, TypeError) as error:
        reason = error.message if isinstance(error, DicomError) else str(error)
        raise ValueRepresentationError(reason) from None
    for finding in findings:
        # Of a sequence what its items hold, too.
        if (finding.tag == tag or vr == "SQ") and finding.code.startswith("value-"):
            place = place_of(tag if finding.tag is None else finding.tag)
            raise ValueRepresentationError(f"{finding.message}: {place}, {vr}")
