"""Documents as people read them: structured reports as HTML and text, encapsulated documents as they are."""

import html
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from filmless.convert.documents.extraction import extract
from filmless.dataset import Dataset
from filmless.pixels.attributes import items, text

__all__ = ["document", "media_types_of_document"]

_REPORTS = "1.2.840.10008.5.1.4.1.1.88."  # Basic Text, Comprehensive, ..., Key Object Selection
_ENCAPSULATED: Final = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
}
_DEEPEST = 64
_HEAD: Final = ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "CompletionFlag", "VerificationFlag")
_STYLE = "body{font:1em/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}dt,b{font-weight:600}ul{margin:0}"


def media_types_of_document(sop_class_uid: str) -> tuple[str, ...]:
    """Return what a document of a SOP class is rendered to, the default first; nothing for what is none.

    DICOM
    -----
    PS3.18 8.7.4 (Table 8.7.4-1)

    Examples
    --------
    >>> media_types_of_document("1.2.840.10008.5.1.4.1.1.88.11")
    ('text/html', 'text/plain', 'text/xml')
    """
    if sop_class_uid.startswith(_REPORTS):
        return ("text/html", "text/plain", "text/xml")
    own = _ENCAPSULATED.get(sop_class_uid)
    return () if own is None else (own,)


def document(ds: Dataset, media_type: str) -> bytes:
    """Render a document.

    Parameters
    ----------
    ds
        A structured report, or an encapsulated document.
    media_type
        One of `media_types_of_document`.

    Returns
    -------
    bytes
        UTF-8, but for an encapsulated document, which is as it was.

    Raises
    ------
    ConversionError
        The encapsulated document is not whole.

    DICOM
    -----
    PS3.3 C.17.3; PS3.18 8.7.4
    """
    if "EncapsulatedDocument" in ds:
        return extract(ds)[0]
    if media_type == "text/xml":
        return ds.to_xml().encode()
    writer: Callable[[Dataset], str] = _as_html if media_type == "text/html" else _as_text
    return writer(ds).encode("utf-8", "replace")


class _Line(NamedTuple):
    depth: int
    concept: str
    value: str


def _lines(ds: Dataset) -> Iterator[_Line]:
    """Walk the content tree; what is nested deeper than anything that people write is left out."""
    waiting = [(item, 0) for item in reversed(items(ds, "ContentSequence"))]
    while waiting:
        item, depth = waiting.pop()
        yield _Line(depth, _meaning(item, "ConceptNameCodeSequence"), _value(item))
        if depth < _DEEPEST:
            waiting += [(below, depth + 1) for below in reversed(items(item, "ContentSequence"))]


def _meaning(item: Dataset, keyword: str) -> str:
    codes = items(item, keyword, most=1)
    return (text(codes[0], "CodeMeaning") or text(codes[0], "CodeValue")) if codes else ""


def _value(item: Dataset) -> str:
    kind = text(item, "ValueType")
    known: Any = _VALUES.get(kind)
    return "" if known is None else str(known(item))


def _measured(item: Dataset) -> str:
    measured = items(item, "MeasuredValueSequence", most=1)
    if not measured:
        return _meaning(item, "NumericValueQualifierCodeSequence")
    units = items(measured[0], "MeasurementUnitsCodeSequence", most=1)
    unit = text(units[0], "CodeValue") if units else ""
    return f"{_said(measured[0], 'NumericValue')} {'' if unit in {'1', '{ratio}'} else unit}".strip()


def _referenced(item: Dataset) -> str:
    found = items(item, "ReferencedSOPSequence", most=1)
    if not found:
        return ""
    uid = found[0].get("ReferencedSOPClassUID")
    return f"{getattr(uid, 'name', '') or uid}, {text(found[0], 'ReferencedSOPInstanceUID')}"


def _said(ds: Dataset, keyword: str) -> str:
    try:
        value: Any = ds.get(keyword)
    except Exception:  # noqa: BLE001 - the rest of a report is worth reading
        return ""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    name = "" if value is None else str(value)
    return name.partition("=")[0].replace("^", " ").strip() if keyword.endswith(("Name", "PersonName")) else name


_VALUES: Final[dict[str, Callable[[Dataset], str]]] = {
    "TEXT": lambda item: _said(item, "TextValue"),
    "NUM": _measured,
    "CODE": lambda item: _meaning(item, "ConceptCodeSequence"),
    "DATETIME": lambda item: _said(item, "DateTime"),
    "DATE": lambda item: _said(item, "Date"),
    "TIME": lambda item: _said(item, "Time"),
    "UIDREF": lambda item: _said(item, "UID"),
    "PNAME": lambda item: _said(item, "PersonName"),
    "COMPOSITE": _referenced,
    "IMAGE": _referenced,
    "WAVEFORM": _referenced,
    "SCOORD": lambda item: text(item, "GraphicType"),
    "SCOORD3D": lambda item: text(item, "GraphicType"),
    "TCOORD": lambda item: text(item, "TemporalRangeType"),
}


def _title(ds: Dataset) -> str:
    return _meaning(ds, "ConceptNameCodeSequence") or text(ds, "DocumentTitle") or "Structured Report"


def _as_text(ds: Dataset) -> str:
    rows = [_title(ds), ""]
    rows += [f"{_spaced(keyword)}: {said}" for keyword in _HEAD if (said := _said(ds, keyword))]
    rows.append("")
    for depth, concept, value in _lines(ds):
        said = value.replace("\r\n", "\n").replace("\n", "\n" + "  " * (depth + 1))
        rows.append("  " * depth + ": ".join(part for part in (concept, said) if part))
    return "\n".join(rows) + "\n"


def _as_html(ds: Dataset) -> str:
    title = html.escape(_title(ds))
    rows = [
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><dl>",
        *(f"<dt>{_spaced(key)}</dt><dd>{html.escape(said)}</dd>" for key in _HEAD if (said := _said(ds, key))),
        "</dl>",
    ]
    open_lists = 0
    for depth, concept, value in _lines(ds):
        if depth + 1 > open_lists:
            rows.append("<ul>")
        else:
            rows.append("</li>" + "</ul></li>" * (open_lists - depth - 1))
        open_lists = depth + 1
        said = html.escape(value).replace("\n", "<br>")
        name = f"<b>{html.escape(concept)}</b>" if concept else ""
        rows.append(f"<li>{': '.join(part for part in (name, said) if part)}")
    rows.append("</li></ul>" * open_lists + "</body></html>")
    return "\n".join(rows)


def _spaced(keyword: str) -> str:
    return "".join(f" {sign}" if sign.isupper() and place else sign for place, sign in enumerate(keyword)).replace(
        " I D", " ID"
    )
