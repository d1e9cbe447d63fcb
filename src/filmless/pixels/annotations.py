"""Graphic and text annotations of presentation states: read, and drawn on a picture (PS3.3 C.10.5, C.10.7)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset, Finding
from filmless.pixels.attributes import integer, items, numbers, text, texts
from filmless.pixels.cielab import cielab_to_rgb

__all__ = ["Colour", "Graphic", "Label", "Layer", "annotations_of", "layers_of"]

Colour = tuple[int, int, int]
Points = NDArray[np.float64]

_MOST_POINTS = 1 << 16  # of a graphic object
_MOST_CHARACTERS = 2048  # of a text
_MOST_WORK = 1 << 20  # of all annotations of a frame, about as many points of lines
_LEAST_POINTS = {"POINT": 1, "POLYLINE": 2, "INTERPOLATED": 2, "CIRCLE": 2, "ELLIPSE": 4}


@dataclass(frozen=True, slots=True)
class Layer:
    """A graphic layer: what is in it is drawn together, layers of lower order below those of higher.

    Attributes
    ----------
    name
        Its name.
    order
        Its place among the layers.
    colour
        What is in it is drawn in this colour, when it says no other.
    """

    name: str
    order: int
    colour: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True, eq=False)
class Graphic:
    """A graphic object.

    Attributes
    ----------
    layer
        Name of its layer.
    kind
        POINT, POLYLINE, INTERPOLATED, CIRCLE or ELLIPSE.
    units
        PIXEL: of the frame; MATRIX: of the total pixel matrix; DISPLAY: fractions of the displayed area.
    points
        Shape (n, 2): x, y.
    filled
        Whether its inside is filled.
    colour, fill_colour
        Of the line and of the inside; None for that of the layer.
    thickness
        Of the line, 1 for a usual one.
    fill_opacity
        Of the inside, 0 to 1.
    """

    layer: str
    kind: str
    units: str
    points: Points
    filled: bool = False
    colour: Colour | None = None
    fill_colour: Colour | None = None
    thickness: float = 1.0
    fill_opacity: float = 0.5  # the Standard leaves open how it is filled: what is below stays visible


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A text object.

    Attributes
    ----------
    layer
        Name of its layer.
    text
        Its lines.
    box, box_units
        Shape (2, 2), the corners (x, y) of where it is drawn, and in what; or None.
    anchor, anchor_units
        Shape (1, 2), what it belongs to (x, y), and in what; or None.
    anchor_visible
        Whether a line is drawn to it.
    justification
        LEFT, CENTER or RIGHT.
    colour
        None for that of the layer.
    """

    layer: str
    text: str
    box: Points | None = None
    box_units: str = "PIXEL"
    anchor: Points | None = None
    anchor_units: str = "PIXEL"
    anchor_visible: bool = False
    justification: str = "LEFT"
    colour: Colour | None = None


def layers_of(state: Dataset) -> list[Layer]:
    """Return the graphic layers of a presentation state, the lowest first.

    DICOM
    -----
    PS3.3 C.10.7
    """
    found: dict[str, Layer] = {}
    for number, item in enumerate(items(state, "GraphicLayerSequence")):
        order = numbers(item, "GraphicLayerOrder")
        colour = _cielab(item, "GraphicLayerRecommendedDisplayCIELabValue")
        grey = numbers(item, "GraphicLayerRecommendedDisplayGrayscaleValue")
        if colour is None and len(grey):
            colour = (round(float(np.clip(grey[0], 0, 0xFFFF)) / 257),) * 3
        place = int(order[0]) if len(order) else number
        name = text(item, "GraphicLayer")
        found.setdefault(name, Layer(name, place, colour or (255, 255, 255)))
    return sorted(found.values(), key=lambda layer: layer.order)


def annotations_of(annotations: Iterable[Dataset], findings: list[Finding]) -> list[Graphic | Label]:
    """Read items of Graphic Annotation Sequence.

    Parameters
    ----------
    annotations
        The items, of what applies to a frame.
    findings
        What cannot be drawn is noted here.

    Returns
    -------
    list of Graphic or Label
        In the order of the items, graphics of an item before its texts.

    DICOM
    -----
    PS3.3 C.10.5
    """
    found: list[Graphic | Label] = []
    work = 0
    for annotation in annotations:
        for item in _objects(annotation, findings):
            work += _work(item)
            if work > _MOST_WORK:
                message = f"annotations are not drawn where there are too many: {len(found)} are"
                findings.append(Finding("annotations", 0x0070_0001, 0, message))
                return found
            found.append(item)
    return found


def _objects(annotation: Dataset, findings: list[Finding]) -> Iterator[Graphic | Label]:
    layer = text(annotation, "GraphicLayer")
    drawn = set()
    for item in items(annotation, "GraphicObjectSequence"):
        drawn.add(integer(item, "CompoundGraphicInstanceID", absent=0))
        graphic = _graphic(item, layer)
        if graphic is None:
            findings.append(Finding("graphic", 0x0070_0009, 0, "graphic object cannot be drawn: type or points"))
        else:
            yield graphic
    for item in items(annotation, "TextObjectSequence"):
        drawn.add(integer(item, "CompoundGraphicInstanceID", absent=0))
        label = _label(item, layer)
        if label is None:
            findings.append(Finding("text", 0x0070_0008, 0, "text object is empty or has no place"))
        else:
            yield label
    # Each compound graphic is there once more as simple ones (PS3.3 C.10.5.1.3.1), which are those drawn here.
    compounds = items(annotation, "CompoundGraphicSequence")
    if any(integer(item, "CompoundGraphicInstanceID", absent=-1) not in drawn for item in compounds):
        message = "compound graphic without the simple graphics that stand for it is not drawn"
        findings.append(Finding("compound-graphic", 0x0070_0209, 0, message))


def _work(item: Graphic | Label) -> int:
    if isinstance(item, Label):
        return 16 + 4 * len(item.text)
    return len(item.points) + (1024 if item.filled else 16)


def _graphic(item: Dataset, layer: str) -> Graphic | None:
    kind = text(item, "GraphicType")
    values = numbers(item, "GraphicData")
    points = values[: len(values) // 2 * 2].reshape(-1, 2)
    said = numbers(item, "NumberOfGraphicPoints")
    if len(said) and 0 < said[0] < len(points):
        points = points[: int(said[0])]
    dimensions = numbers(item, "GraphicDimensions")
    if len(points) < _LEAST_POINTS.get(kind, 1 << 62) or (len(dimensions) and dimensions[0] != 2):
        return None
    if len(points) > _MOST_POINTS:  # every nth: there are more than a picture has pixels across
        points = points[:: -(-len(points) // _MOST_POINTS)]
    line, fill = items(item, "LineStyleSequence", most=1), items(item, "FillStyleSequence", most=1)
    thickness = numbers(line[0], "LineThickness") if line else np.empty(0)
    opacity = numbers(fill[0], "PatternOnOpacity") if fill else np.empty(0)
    return Graphic(
        layer,
        kind,
        text(item, "GraphicAnnotationUnits") or "PIXEL",
        points,
        filled=text(item, "GraphicFilled") == "Y",
        colour=_cielab(line[0], "PatternOnColorCIELabValue") if line else None,
        fill_colour=_cielab(fill[0], "PatternOnColorCIELabValue") if fill else None,
        thickness=float(np.clip(thickness[0], 0.5, 100)) if len(thickness) else 1.0,
        fill_opacity=float(np.clip(opacity[0], 0, 1)) if len(opacity) else 0.5,
    )


def _label(item: Dataset, layer: str) -> Label | None:
    lines = "\n".join(texts(item, "UnformattedTextValue"))[:_MOST_CHARACTERS].splitlines()
    words = "\n".join("".join(sign if sign.isprintable() else " " for sign in line).rstrip() for line in lines)
    corners = [numbers(item, f"BoundingBox{corner}HandCorner") for corner in ("TopLeft", "BottomRight")]
    box = np.array([corner[:2] for corner in corners]) if all(len(corner) >= 2 for corner in corners) else None
    anchor = numbers(item, "AnchorPoint")
    style = items(item, "TextStyleSequence", most=1)
    if not words.strip() or (box is None and len(anchor) < 2):
        return None
    return Label(
        layer,
        words.strip("\n"),
        box,
        text(item, "BoundingBoxAnnotationUnits") or "PIXEL",
        anchor[:2].reshape(1, 2) if len(anchor) >= 2 else None,
        text(item, "AnchorPointAnnotationUnits") or "PIXEL",
        anchor_visible=text(item, "AnchorPointVisibility") == "Y",
        justification=text(item, "BoundingBoxTextHorizontalJustification") or "LEFT",
        colour=_cielab(style[0], "TextColorCIELabValue") if style else None,
    )


def _cielab(item: Dataset, keyword: str) -> Colour | None:
    values = numbers(item, keyword)
    return cielab_to_rgb(list(np.clip(values, 0, 0xFFFF))) if len(values) == 3 else None
