"""The content of structured reports as a tree that people, viewers and the readers of this room walk."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.errors import DicomError, LimitError
from filmless.objects.arguments import check_dataset
from filmless.objects.code import Code
from filmless.objects.references import ImageReference, references_in
from filmless.pixels.attributes import items, numbers, sequence, text

__all__ = ["Section", "report_sections", "said"]

_DEEPEST = 64
_MAX_ITEMS = 200_000
_NO_UNIT = frozenset({"", "1", "{ratio}", "{count}"})

Point = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A content item: a heading, what it says, and what stands below it.

    Attributes
    ----------
    kind
        Its value type: CONTAINER, TEXT, NUM, CODE, IMAGE, SCOORD, ...; empty for a reference to another item.
    heading
        The meaning of its concept name.
    text
        What it says, for people: a text, a number with its unit, the meaning of a code, a date, a name.
    relationship
        To the item above it: CONTAINS, HAS OBS CONTEXT, INFERRED FROM, ...
    concept, code, unit, qualifier
        Codes: its name, the value of a CODE, the unit of a NUM, and why a NUM has no number.
    number
        Of a NUM.
    reference
        What an IMAGE, a COMPOSITE or a WAVEFORM points to.
    graphic, points
        Of coordinates: POINT, POLYLINE, ...; column and row in an image, or x, y, z in mm.
    frame_of_reference_uid
        Of coordinates in mm.
    target
        The place of another item that stands here as well, from the root: (1, 3, 2).
    items
        What stands below it.

    DICOM
    -----
    PS3.3 C.17.3, C.18
    """

    kind: str
    heading: str
    text: str = ""
    relationship: str = ""
    concept: Code | None = None
    code: Code | None = None
    number: float | None = None
    unit: Code | None = None
    qualifier: Code | None = None
    reference: ImageReference | None = None
    graphic: str = ""
    points: tuple[Point, ...] = ()
    frame_of_reference_uid: str = ""
    target: tuple[int, ...] = ()
    items: tuple["Section", ...] = ()

    def below(self, *concepts: Code) -> Iterator["Section"]:
        """Give the items right below that have one of some names."""
        return (item for item in self.items if item.concept is not None and item.concept.means(*concepts))

    def walk(self) -> Iterator["Section"]:
        """Give the item and all below it, as they are read."""
        waiting = [self]
        while waiting:
            item = waiting.pop()
            yield item
            waiting += reversed(item.items)


def report_sections(ds: Dataset, *, max_items: int = _MAX_ITEMS) -> Section:
    """Read a structured report as a tree of headed sections.

    Parameters
    ----------
    ds
        Any structured report: a text, measurements, a dose report, a key object selection.
    max_items
        How many content items are read at most.

    Returns
    -------
    Section
        The root, headed by the title. `filmless.objects.references.as_plain` makes JSON's data of it.

    Raises
    ------
    TypeError
        It is no data set.
    LimitError
        There are more items.

    Notes
    -----
    What cannot be read says nothing, and the rest is read. Items below the 64th level are left out.

    DICOM
    -----
    PS3.3 A.35, C.17.3

    Examples
    --------
    >>> from filmless import Dataset
    >>> finding = Dataset({"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": "No fracture."})
    >>> finding.ConceptNameCodeSequence = [Code("121071", "DCM", "Finding").item()]
    >>> report = Dataset({"ValueType": "CONTAINER", "ContentSequence": [finding]})
    >>> report.ConceptNameCodeSequence = [Code("18748-4", "LN", "Diagnostic imaging report").item()]
    >>> root = report_sections(report)
    >>> root.heading, [(item.heading, item.text) for item in root.items]
    ('Diagnostic imaging report', [('Finding', 'No fracture.')])
    """
    check_dataset("ds", ds)
    left = _Budget(max_items)
    root = _read(ds, left, depth=0)
    title = root.heading or text(ds, "DocumentTitle") or "Structured Report"
    return replace(root, kind=root.kind or "CONTAINER", heading=title)


@dataclass(slots=True)
class _Budget:
    most: int
    used: int = 0

    def spend(self) -> None:
        self.used += 1
        if self.used > self.most:
            message = f"a report has more than {self.most} content items"
            raise LimitError(message, limit="max_items", value=self.most, tag=0x0040_A730)


def _read(item: Dataset, left: _Budget, *, depth: int) -> Section:
    left.spend()
    kind = text(item, "ValueType")
    concept = Code.of(item, "ConceptNameCodeSequence")
    values: dict[str, Any] = {}
    reader = _VALUES.get(kind)
    if reader is not None:
        values = reader(item)
    below = sequence(item, "ContentSequence") if depth < _DEEPEST else ()
    return Section(
        kind,
        "" if concept is None else concept.meaning or concept.value,
        relationship=text(item, "RelationshipType"),
        concept=concept,
        target=tuple(int(one) for one in numbers(item, "ReferencedContentItemIdentifier")),
        items=tuple(_read(one, left, depth=depth + 1) for one in below),
        **values,
    )


def said(ds: Dataset, keyword: str) -> str:
    """Return what an attribute says to people; nothing when it cannot be read."""
    try:
        value: Any = ds.get(keyword)
    except (DicomError, ValueError):  # the rest of a report is worth reading
        return ""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    name = "" if value is None else str(value)
    return name.partition("=")[0].replace("^", " ").strip() if keyword.endswith(("Name", "PersonName")) else name


def _textual(keyword: str) -> Callable[[Dataset], dict[str, Any]]:
    return lambda item: {"text": said(item, keyword)}


def _dated(keyword: str) -> Callable[[Dataset], dict[str, Any]]:
    return lambda item: {"text": _moment(said(item, keyword), keyword)}


def _moment(written: str, keyword: str) -> str:
    """Return a date, a time or both as people write them; what is none as it is."""
    date, time = ("", written) if keyword == "Time" else (written[:8], written[8:])
    parts = []
    if date and (day := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", date)):
        parts.append("-".join(day.groups()))
    if time and (clock := re.fullmatch(r"(\d\d)(\d\d)(?:(\d\d)(?:\.\d+)?)?([+-]\d{4})?", time)):
        *digits, zone = clock.groups()
        parts.append(":".join(filter(None, digits)) + (f" {zone}" if zone else ""))
    return " ".join(parts) if len(parts) == bool(date) + bool(time) else written


def _coded(item: Dataset) -> dict[str, Any]:
    code = Code.of(item, "ConceptCodeSequence")
    return {} if code is None else {"code": code, "text": code.meaning or code.value}


def _measured(item: Dataset) -> dict[str, Any]:
    qualifier = Code.of(item, "NumericValueQualifierCodeSequence")
    measured = items(item, "MeasuredValueSequence", most=1)
    if not measured:
        return {"qualifier": qualifier, "text": "" if qualifier is None else qualifier.meaning or qualifier.value}
    unit = Code.of(measured[0], "MeasurementUnitsCodeSequence")
    values = [*numbers(measured[0], "FloatingPointValue"), *numbers(measured[0], "NumericValue")]
    shown = "" if unit is None or unit.value in _NO_UNIT else unit.value
    number = f"{values[-1]:.10g}" if values else said(measured[0], "NumericValue")
    return {
        "number": float(values[0]) if values else None,
        "unit": unit,
        "qualifier": qualifier,
        "text": f"{number} {shown}".strip(),
    }


def _referenced(item: Dataset) -> dict[str, Any]:
    found = items(item, "ReferencedSOPSequence", most=1)
    if not found:
        return {}
    uid = found[0].get("ReferencedSOPClassUID")
    shown = f"{getattr(uid, 'name', '') or uid}, {text(found[0], 'ReferencedSOPInstanceUID')}"
    return {"text": shown, "reference": next(iter(references_in(found)), None)}


def _placed(width: int) -> Callable[[Dataset], dict[str, Any]]:
    def read(item: Dataset) -> dict[str, Any]:
        values = numbers(item, "GraphicData").tolist()
        points = tuple(tuple(values[at : at + width]) for at in range(0, len(values) // width * width, width))
        graphic = text(item, "GraphicType")
        uid = text(item, "ReferencedFrameOfReferenceUID") if width == 3 else ""
        return {"text": graphic, "graphic": graphic, "points": points, "frame_of_reference_uid": uid}

    return read


_VALUES: Final[dict[str, Callable[[Dataset], dict[str, Any]]]] = {
    "TEXT": _textual("TextValue"),
    "NUM": _measured,
    "CODE": _coded,
    "DATETIME": _dated("DateTime"),
    "DATE": _dated("Date"),
    "TIME": _dated("Time"),
    "UIDREF": _textual("UID"),
    "PNAME": _textual("PersonName"),
    "COMPOSITE": _referenced,
    "IMAGE": _referenced,
    "WAVEFORM": _referenced,
    "SCOORD": _placed(2),
    "SCOORD3D": _placed(3),
    "TCOORD": _textual("TemporalRangeType"),
}
