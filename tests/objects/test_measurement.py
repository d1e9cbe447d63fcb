"""Measurements as data: what they take, and how they go through JSON."""

import json
from typing import Any

import pytest

from filmless.objects import Code, Measurement
from filmless.objects.measurement import Value
from filmless.objects.references import ImageReference

ON = ImageReference("1.2.840.10008.5.1.4.1.1.2", "1.2.3", (4,))
LINE = ((1, 2), (3.1, 4))


def test_it_goes_through_json() -> None:
    measurement = Measurement(
        "ellipse",
        ((10, 20), (40.3, 20), (25, 10), (25, 30)),
        image=ON,
        values=(Value.of("mean", 41.5, "[hnsf'U]"), Value(Code("1", "99X", "own"), 2, "1")),
        label="größe",
        finding=Code("4147007", "SCT", "Mass"),
        finding_site=Code("10200004", "SCT", "Liver"),
        colour=(1, 2, 3),
    )
    assert Measurement.from_dict(json.loads(json.dumps(measurement.as_dict()))) == measurement


def test_json_can_be_short() -> None:
    data = {
        "kind": "length",
        "points": LINE,
        "image": {"sop_class_uid": "1.2", "sop_instance_uid": "1.3"},
        "values": [{"name": "length", "number": 5, "unit": "mm"}],
        "label": None,
    }
    measurement = Measurement.from_dict(data)
    assert measurement.values == (Value(Code("410668003", "SCT", "Length"), 5, "mm"),)
    assert (measurement.tracking_id, measurement.image) == ("length", ImageReference("1.2", "1.3"))
    assert measurement.tracking_uid.startswith("2.25.")
    assert measurement.points[1][0] == pytest.approx(3.1)


@pytest.mark.parametrize(
    ("unit", "name", "shown"),
    [
        ("[hnsf'U]", "Attenuation Coefficient", "Maximum 41.5 HU"),
        ("{SUVbw}g/ml", "SUVbw", "Maximum 41.5 SUVbw"),
        ("1", "Pixel value", "Maximum 41.5"),
    ],
)
def test_values_of_pixels_are_named_by_their_unit(unit: str, name: str, shown: str) -> None:
    value = Value.of("maximum", 41.5, unit)
    assert (value.name.meaning, value.shown) == (name, shown)


def test_an_outline_is_closed_and_a_line_is_not() -> None:
    corners = ((0, 0), (5, 0), (5, 5), (0, 5))
    assert not Measurement("freehand", corners, image=ON).closed
    assert Measurement("freehand", (*corners, corners[0]), image=ON).closed
    assert Measurement("rectangle", corners, image=ON).closed


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": "guess"}, "kind of a measurement is one of"),
        ({"points": LINE[:1]}, "1 points, expected 2"),
        ({"points": ((1, 2, 3), (1, 2, 3))}, "column and row"),
        ({"points": ((1, float("nan")), (1, 2))}, "finite"),
        ({"points": ((1, 1e30), (1, 2))}, "finite"),
        ({"points": (("1", 2), (1, 2))}, "finite"),
        ({"image": None}, "or in space"),
        ({"frame_of_reference_uid": "1.2"}, "or in space"),
        ({"image": ImageReference("1.2", "1.3", (1, 2))}, "one frame"),
        ({"label": "x" * 1025}, "1025 characters"),
        ({"label": "a\x00b"}, "no text"),
        ({"label": "\ud800"}, "no text"),
        ({"tracking_id": "a\x1bb"}, "no text"),
        ({"tracking_id": "x" * 1025}, "1025 characters"),
        ({"tracking_uid": "1.2.x"}, "no UID"),
        ({"colour": (0, 0, 256)}, "RGB"),
        ({"values": (Value.of("length", 1, "mm"),) * 1001}, "1001 values"),
        ({"kind": "text", "points": LINE[:1]}, "needs its `label`"),
    ],
)
def test_measurements_that_cannot_be(change: dict[str, Any], what: str) -> None:
    values = {"kind": "length", "points": LINE, "image": ON} | change
    with pytest.raises(ValueError, match=what):
        Measurement(**values)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": 5}, "`kind` is a text"),
        ({"kind": None}, "`kind` is a text"),
        ({"points": "many"}, "`points` is a list"),
        ({"points": [5, 6]}, "`points` is a list"),
        ({"surprise": 1}, "has no `surprise`"),
        ({"image": "1.2.3"}, "`image` is an object"),
        ({"image": {"sop_class_uid": "1.2"}}, "UIDs of a SOP class"),
        ({"image": {"sop_class_uid": "1.2", "sop_instance_uid": "1.3", "frames": [-1]}}, "from 0"),
        ({"image": {"sop_class_uid": "1.2", "sop_instance_uid": "1.3", "frames": ["1"]}}, "from 0"),
        ({"values": [{"name": "weight", "number": 1, "unit": "kg"}]}, "a value is one of"),
        ({"values": [{"name": "length", "number": "1", "unit": "mm"}]}, "finite"),
        ({"values": [{"name": "length", "number": float("inf"), "unit": "mm"}]}, "finite"),
        ({"values": [{"name": "length", "number": 1}]}, "UCUM"),
        ({"values": [{"name": "length", "number": 10**400, "unit": "mm"}]}, "finite"),
        ({"values": [{"name": "length", "number": 1, "unit": "m\\m"}]}, "UCUM"),
        ({"points": [[1, 10**400], [1, 2]]}, "finite"),
        ({"values": [{"number": 1, "unit": "mm"}]}, "`name` is an object"),
        ({"finding": {"value": "1", "scheme": "99X", "meaning": "a\\b"}}, "`finding` is a code"),
        ({"finding": {"value": "1"}}, "`finding` is a code"),
        ({"colour": [1, 2]}, "red, green and blue"),
        ({"label": ["a"]}, "`label` is a text"),
    ],
)
def test_json_that_is_no_measurement(change: dict[str, Any], what: str) -> None:
    data = Measurement("length", LINE, image=ON).as_dict() | change
    with pytest.raises(ValueError, match=what):
        Measurement.from_dict(data)


def test_json_of_something_else() -> None:
    for data in ([], "length", None):
        with pytest.raises(ValueError, match="a measurement is an object"):
            Measurement.from_dict(data)  # type: ignore[arg-type]
