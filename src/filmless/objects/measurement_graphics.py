"""Measurements drawn: the graphic and text annotations of presentation states (PS3.3 C.10.5, C.10.7)."""

from collections.abc import Iterator, Sequence
from math import hypot

from filmless.dataset import Dataset
from filmless.objects.measurement import Measurement
from filmless.pixels.cielab import rgb_to_cielab

__all__ = ["graphic_annotations"]

_LONGEST_TEXT = 1024  # of ST
_HEAD = 0.2  # of an arrow's length
_HEAD_PIXELS = 12.0

Points = Sequence[Sequence[float]]


def graphic_annotations(measurements: Sequence[Measurement]) -> tuple[list[Dataset], list[Dataset]]:
    """Return the items of Graphic Annotation Sequence, one a measurement, and of Graphic Layer Sequence, one a colour.

    DICOM
    -----
    PS3.3 C.10.5, C.10.7
    """
    layers: dict[tuple[int, int, int] | None, str] = {}
    annotations = []
    for measurement in measurements:
        layer = layers.setdefault(measurement.colour, f"MEASURED {len(layers) + 1}")
        annotations.append(_annotation(measurement, layer))
    return annotations, [_layer(name, order, colour) for order, (colour, name) in enumerate(layers.items(), 1)]


def _layer(name: str, order: int, colour: tuple[int, int, int] | None) -> Dataset:
    item = Dataset({"GraphicLayer": name, "GraphicLayerOrder": order})
    if colour is not None:
        red, green, blue = colour
        item.GraphicLayerRecommendedDisplayGrayscaleValue = round(0.2126 * red + 0.7152 * green + 0.0722 * blue) * 257
        item.GraphicLayerRecommendedDisplayCIELabValue = list(rgb_to_cielab(colour))
    return item


def _annotation(measurement: Measurement, layer: str) -> Dataset:
    item = Dataset({"GraphicLayer": layer})
    if measurement.image is not None:
        item.ReferencedImageSequence = [measurement.image.item()]
    words = _words(measurement)
    if words:
        item.TextObjectSequence = [_text(measurement, words)]
    graphics = list(_graphics(measurement))
    if graphics:
        item.GraphicObjectSequence = graphics
    return item


def _words(measurement: Measurement) -> str:
    lines = [*measurement.label.splitlines(), *(value.shown for value in measurement.values)]
    return "\r\n".join(lines)[:_LONGEST_TEXT].rstrip()


def _text(measurement: Measurement, words: str) -> Dataset:
    """Return the words, beside the right end of what is drawn; those of an arrow at its tail."""
    points = measurement.points
    anchor = points[-1] if measurement.kind == "arrow" else max(points, key=lambda point: point[0])
    return Dataset({
        "UnformattedTextValue": words,
        "AnchorPoint": list(anchor),
        "AnchorPointAnnotationUnits": "PIXEL",
        "AnchorPointVisibility": "N",
    })  # fmt: skip


def _graphics(measurement: Measurement) -> Iterator[Dataset]:
    points = measurement.points
    match measurement.kind:
        case "text":
            return
        case "probe":
            yield _graphic("POINT", points)
        case "ellipse":
            yield _graphic("ELLIPSE", points)
        case "rectangle":
            yield _graphic("POLYLINE", (*points, points[0]))
        case "bidirectional" | "cobb_angle":
            yield _graphic("POLYLINE", points[:2])
            yield _graphic("POLYLINE", points[2:])
        case "arrow":
            yield _graphic("POLYLINE", points)
            yield from _head(*points)
        case _:
            yield _graphic("POLYLINE", points)


def _head(tip: Sequence[float], tail: Sequence[float]) -> Iterator[Dataset]:
    """Give the head of an arrow, of 30 degrees to each side of its line."""
    x, y = tail[0] - tip[0], tail[1] - tip[1]
    length = hypot(x, y)
    if not length:
        return
    factor = min(_HEAD * length, _HEAD_PIXELS) / length
    across, along = 0.5 * factor, 0.75**0.5 * factor
    sides = [(tip[0] + x * along - y * turn, tip[1] + y * along + x * turn) for turn in (across, -across)]
    yield _graphic("POLYLINE", (sides[0], tip, sides[1]))


def _graphic(kind: str, points: Points) -> Dataset:
    item = Dataset({
        "GraphicAnnotationUnits": "PIXEL",
        "GraphicDimensions": 2,
        "NumberOfGraphicPoints": len(points),
        "GraphicData": [one for point in points for one in point],
        "GraphicType": kind,
    })  # fmt: skip
    if kind == "ELLIPSE" or (len(points) > 2 and points[0] == points[-1]):
        item.GraphicFilled = "N"
    return item
