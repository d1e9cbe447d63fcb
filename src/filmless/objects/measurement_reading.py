"""Measurements read from structured reports: ours, and those of other programs that follow template 1500."""

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import hypot
from typing import Any

from filmless.dataset import Dataset
from filmless.errors import ValidationError
from filmless.objects.code import Code
from filmless.objects.content_item import INFERRED_FROM
from filmless.objects.content_tree import Section, report_sections
from filmless.objects.measurement import MOST_VALUES, Measurement, Value, is_text
from filmless.objects.measurement_names import KINDS, NAMES, OLDER
from filmless.objects.measurement_report import CONCEPTS
from filmless.objects.references import ImageReference
from filmless.pixels.attributes import text
from filmless.values import UID

__all__ = ["read_measurements"]

_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_OLD_SITE = Code("G-C0E3", "SRT", "Finding Site")
_OLD_METHOD = Code("G-C036", "SRT", "Measurement Method")
_FREE_TEXT = "CORNERSTONEFREETEXT"  # OHIF's: the meaning is what somebody typed
_BY_TOOL = {  # the end of OHIF's tracking identifiers
    "length": "length",
    "bidirectional": "bidirectional",
    "angle": "angle",
    "cobbangle": "cobb_angle",
    "ellipticalroi": "ellipse",
    "circleroi": "ellipse",
    "rectangleroi": "rectangle",
    "planarfreehandroi": "freehand",
    "probe": "probe",
    "arrowannotate": "arrow",
}
_SQUARE = 1e-3  # of the sides' product

Points = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Graphic:
    """Coordinates, and on what."""

    kind: str
    points: Points
    image: ImageReference | None
    frame_of_reference_uid: str


class _Graphics:
    """The coordinates of a report: equal ones are one, and none are compared twice, however often they are named."""

    def __init__(self, root: Section) -> None:
        self.root = root
        self._by_item: dict[int, _Graphic | None] = {}
        self._by_value: dict[Hashable, _Graphic] = {}

    def at(self, item: Section) -> _Graphic | None:
        """Return the coordinates that an item is, or names; None when it is something else."""
        target = _target(item, self.root)
        if id(target) not in self._by_item:
            self._by_item[id(target)] = self._read(target)
        return self._by_item[id(target)]

    def _read(self, item: Section) -> _Graphic | None:
        if item.kind not in {"SCOORD", "SCOORD3D"} or not item.points:
            return None
        image, uid = None, item.frame_of_reference_uid
        if item.kind == "SCOORD":
            targets = (_target(below, self.root) for below in item.items)
            found = next((one.reference for one in targets if one.reference is not None), None)
            image = None if found is None else replace(found, frames=found.frames[:1])
        if image is None and not uid:
            return None
        graphic = _Graphic(item.graphic, item.points, image, uid)
        return self._by_value.setdefault((item.graphic, item.points, image, uid), graphic)


def read_measurements(ds: Dataset) -> list[Measurement]:
    """Read the measurements of a structured report.

    Parameters
    ----------
    ds
        A report of template 1500.

    Returns
    -------
    list of Measurement
        Those that have a place in an image or in space: what `measurement_report` has written as it was, and what
        other programs have written as the kind that its lines look like. Volumes and segments are left out, and what
        cannot be read; `report_sections` has all of it.

    Raises
    ------
    TypeError
        It is no data set.
    ValidationError
        It is no structured report.
    LimitError
        It has too many content items.

    DICOM
    -----
    PS3.16 TID 1500, 1410, 1501
    """
    root = report_sections(ds)
    if not text(ds, "SOPClassUID").startswith(_REPORTS):
        raise ValidationError("the data set is no structured report", tag=0x0008_0016)
    graphics = _Graphics(root)
    found: list[Measurement] = []
    for item in root.walk():
        if item.kind == "CONTAINER" and item.concept is not None and item.concept.means(CONCEPTS["group"]):
            found += _measurements(item, graphics)
    return found


def _measurements(group: Section, graphics: _Graphics) -> Iterator[Measurement]:
    numbers = [item for item in group.items if item.kind == "NUM" and item.number is not None]
    regions = list(filter(None, (graphics.at(item) for item in group.below(CONCEPTS["region"]))))
    by_graphic: dict[_Graphic, list[Section]] = {region: [] for region in regions}
    for number in numbers:
        own = {graphic: None for item in number.items if (graphic := graphics.at(item)) is not None}
        # Of several regions a number is that of the volume which they make.
        for graphic in own or (regions if len(regions) == 1 else ()):
            by_graphic.setdefault(graphic, []).append(number)
    said = _tool(group)
    lines = [graphic for graphic in by_graphic if len(graphic.points) == 2 and graphic.kind == "POLYLINE"]
    if len(by_graphic) == len(lines) == 2 and (said == "bidirectional" or _is_axes(numbers)):
        long, short = _axes(by_graphic)
        both = _Graphic("POLYLINE", (*long.points, *short.points), long.image, long.frame_of_reference_uid)
        by_graphic, said = {both: numbers}, "bidirectional"
    described = _described(group)
    for graphic, own_numbers in by_graphic.items():
        measurement = _measurement(graphic, own_numbers, said, described, graphics.root)
        if measurement is not None:
            yield measurement


def _described(group: Section) -> dict[str, Any]:
    """Return what a group says beside its graphics and numbers, by the names of our attributes."""
    finding = _code_below(group, CONCEPTS["finding"])
    label = _text_below(group, CONCEPTS["comment"])
    if finding is not None and finding.value == _FREE_TEXT:
        label, finding = label or finding.meaning, None
    tracking_uid = _text_below(group, CONCEPTS["tracking_uid"])
    return {
        "label": label[:1024],
        "finding": finding,
        "finding_site": _code_below(group, CONCEPTS["site"], _OLD_SITE),
        "tracking_id": _text_below(group, CONCEPTS["tracking_id"])[:1024],
        "tracking_uid": tracking_uid if UID(tracking_uid).is_valid else "",
        "colour": _colour(group),
    }


def _measurement(
    graphic: _Graphic, numbers: Sequence[Section], said: str, described: dict[str, Any], root: Section
) -> Measurement | None:
    values = tuple(filter(None, (_value(number, root) for number in numbers)))[:MOST_VALUES]
    points, kind = _points(graphic), said
    if not _fits(kind, points) or (kind == "text" and not described["label"]):
        kind = _kind(graphic, points, [value.name for value in values])
    if kind == "rectangle":
        points = points[:4]
    place: dict[str, Any] = {"image": graphic.image, "frame_of_reference_uid": graphic.frame_of_reference_uid}
    try:
        return Measurement(kind, points, values=values, **place, **described)
    except ValueError:  # more points than we have a kind for, or far from any image
        return None


def _tool(group: Section) -> str:
    """Return the kind that a group says it is; empty when it says nothing that we know."""
    method = _code_below(group, CONCEPTS["method"], _OLD_METHOD)
    if method is not None and method.scheme == "99FILMLESS":
        return method.value.replace("-", "_")
    tracked = _text_below(group, CONCEPTS["tracking_id"])
    return _BY_TOOL.get(tracked.rpartition(":")[2].strip().lower(), "") if ":" in tracked else ""


def _fits(kind: str, points: Points) -> bool:
    if kind == "rectangle":
        return len(points) in {4, 5}
    return kind in KINDS and KINDS[kind][0] <= len(points) <= KINDS[kind][1]


def _kind(graphic: _Graphic, points: Points, names: Sequence[Code]) -> str:
    """Return the kind that a graphic looks like."""
    if graphic.kind in {"ELLIPSE", "CIRCLE"}:
        return "ellipse"
    if len(points) == 1:
        return "probe"
    if len(points) == 2:
        return "length"
    if len(points) == 3 and any(name.means(NAMES["angle"]) for name in names):
        return "angle"
    if len(points) == 4 and any(name.means(NAMES["cobb_angle"], NAMES["angle"]) for name in names):
        return "cobb_angle"
    return "rectangle" if _is_rectangle(points) else "freehand"


def _is_rectangle(points: Points) -> bool:
    """Tell whether a closed line has four corners, all of them right ones."""
    if len(points) != 5 or points[0] != points[-1]:
        return False
    sides = [tuple(b - a for a, b in zip(start, end, strict=True)) for start, end in pairwise(points)]
    for first, second in pairwise(sides):
        product = sum(a * b for a, b in zip(first, second, strict=True))
        lengths = hypot(*first) * hypot(*second)
        if not lengths or abs(product) > _SQUARE * lengths:
            return False
    return True


def _points(graphic: _Graphic) -> Points:
    """Return the points as our kinds have them: a circle as an ellipse, a polygon closed."""
    points = graphic.points
    if graphic.kind == "CIRCLE" and len(points) == 2:
        (x, y), (edge_x, edge_y) = points
        radius = hypot(edge_x - x, edge_y - y)
        return (x - radius, y), (x + radius, y), (x, y - radius), (x, y + radius)
    if graphic.kind == "POLYGON" and points and points[0] != points[-1]:
        return (*points, points[0])
    return points


def _target(item: Section, root: Section) -> Section:
    """Follow a reference to another item, by the places on the way to it from the root."""
    if item.kind or len(item.target) < 2:
        return item
    found = root
    for place in item.target[1:]:
        if not 1 <= place <= len(found.items):
            return item
        found = found.items[place - 1]
    return found


def _is_axes(numbers: Sequence[Section]) -> bool:
    names = [OLDER.get(number.concept[:2], number.concept) for number in numbers if number.concept is not None]
    return all(any(name.means(NAMES[axis]) for name in names) for axis in ("long_axis", "short_axis"))


def _axes(by_graphic: dict[_Graphic, list[Section]]) -> tuple[_Graphic, _Graphic]:
    """Return the graphics of the long and of the short axis."""
    first, second = by_graphic
    for number in by_graphic[first]:
        if number.concept is not None and OLDER.get(number.concept[:2], number.concept).means(NAMES["short_axis"]):
            return second, first
    return first, second


def _value(number: Section, root: Section) -> Value | None:
    if number.concept is None or number.number is None:
        return None
    name = OLDER.get(number.concept[:2], number.concept)
    derivation = _code_below(number, CONCEPTS["derivation"])
    if derivation is not None:
        derivation = OLDER.get(derivation[:2], derivation)
    unit = "1" if number.unit is None or not number.unit.value else number.unit.value[:64]
    try:
        return Value(name, number.number, unit, derivation, _source(number, root))
    except ValueError:  # a unit of no letters, or a number beyond all measure
        return None


def _source(number: Section, root: Section) -> tuple[ImageReference, ...]:
    """Return the images that a number says that it is from."""
    images = (_target(item, root) for item in number.items if item.relationship == INFERRED_FROM)
    return tuple(item.reference for item in images if item.kind == "IMAGE" and item.reference is not None)


def _code_below(item: Section, *concepts: Code) -> Code | None:
    return next((below.code for below in item.below(*concepts) if below.code is not None), None)


def _text_below(item: Section, concept: Code) -> str:
    said = next((below.text for below in item.below(concept)), "")
    return said if is_text(said) else "".join(sign if is_text(sign) else " " for sign in said)


def _colour(group: Section) -> tuple[int, int, int] | None:
    written = _text_below(group, CONCEPTS["colour"])
    if not re.fullmatch("#[0-9a-f]{6}", written):
        return None
    red, green, blue = bytes.fromhex(written[1:])
    return red, green, blue
