"""Documents as people read them: structured reports as HTML and text, encapsulated documents as they are."""

import html
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from filmless.convert.documents.extraction import extract
from filmless.dataset import Dataset
from filmless.objects.content_tree import Section, report_sections, said

__all__ = ["document", "media_types_of_document"]

_REPORTS = "1.2.840.10008.5.1.4.1.1.88."  # Basic Text, Comprehensive, ..., Key Object Selection
_ENCAPSULATED: Final = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
}
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


def _lines(root: Section) -> Iterator[_Line]:
    waiting = [(item, 0) for item in reversed(root.items)]
    while waiting:
        item, depth = waiting.pop()
        yield _Line(depth, item.heading, item.text)
        waiting += [(below, depth + 1) for below in reversed(item.items)]


def _as_text(ds: Dataset) -> str:
    root = report_sections(ds)
    rows = [root.heading, ""]
    rows += [f"{_spaced(keyword)}: {found}" for keyword in _HEAD if (found := said(ds, keyword))]
    rows.append("")
    for depth, concept, value in _lines(root):
        shown = value.replace("\r\n", "\n").replace("\n", "\n" + "  " * (depth + 1))
        rows.append("  " * depth + ": ".join(part for part in (concept, shown) if part))
    return "\n".join(rows) + "\n"


def _as_html(ds: Dataset) -> str:
    root = report_sections(ds)
    title = html.escape(root.heading)
    rows = [
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><dl>",
        *(f"<dt>{_spaced(key)}</dt><dd>{html.escape(found)}</dd>" for key in _HEAD if (found := said(ds, key))),
        "</dl>",
    ]
    open_lists = 0
    for depth, concept, value in _lines(root):
        if depth + 1 > open_lists:
            rows.append("<ul>")
        else:
            rows.append("</li>" + "</ul></li>" * (open_lists - depth - 1))
        open_lists = depth + 1
        shown = html.escape(value).replace("\n", "<br>")
        name = f"<b>{html.escape(concept)}</b>" if concept else ""
        rows.append(f"<li>{': '.join(part for part in (name, shown) if part)}")
    rows.append("</li></ul>" * open_lists + "</body></html>")
    return "\n".join(rows)


def _spaced(keyword: str) -> str:
    return "".join(f" {sign}" if sign.isupper() and place else sign for place, sign in enumerate(keyword)).replace(
        " I D", " ID"
    )
