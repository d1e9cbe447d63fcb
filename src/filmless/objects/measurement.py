"""What people measure and mark on images, as one kind of data."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from struct import pack, unpack
from typing import Any, Self

from filmless.file import generate_uid
from filmless.objects.code import Code
from filmless.objects.measurement_names import KINDS, derived_name, is_of_pixels, unit_shown
from filmless.objects.references import ImageReference, as_plain
from filmless.pixels.cielab import rgb_to_cielab
from filmless.values import UID

__all__ = ["MOST_VALUES", "Measurement", "Value", "is_text"]

_LONGEST_LABEL = 1024
_GREATEST = 1e300  # what a decimal string of 16 characters can say
MOST_VALUES = 1000
_MOST_SOURCES = 10_000
_NO_TEXT = frozenset("\x1c\x1d\x1e\x1f\x85\u2028\u2029\x0b")  # spaces to Python, and control characters
_FAR = 1e9  # pixels or mm: beyond it is no image


@dataclass(frozen=True, slots=True)
class Value:
    """A number that was measured.

    Attributes
    ----------
    name
        What: ``Code("42798000", "SCT", "Area")``. `Value.of` knows the usual ones.
    number
        How much.
    unit
        In what, as UCUM writes it: ``"mm"``, ``"mm2"``, ``"deg"``, ``"[hnsf'U]"`` (HU), ``"{SUVbw}g/ml"``, ``"1"``.
    derivation
        How it comes from many: ``Code("373098007", "SCT", "Mean")``.
    source
        The images whose pixels were counted, where these are not those that were measured on: those of a PET that lies
        over a CT.

    DICOM
    -----
    PS3.16 TID 300, TID 320, TID 1419; CID 7552 (Source of Measurement)
    """

    name: Code
    number: float
    unit: str
    derivation: Code | None = None
    source: tuple[ImageReference, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.number
        if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= _GREATEST:
            raise ValueError("the number of a value is finite")
        legible = self.unit.isprintable() and "\\" not in self.unit
        if not self.unit.strip() or not legible or len(self.unit) > 64:
            raise ValueError("the unit of a value is a UCUM code, `1` for none")
        if len(self.source) > _MOST_SOURCES:
            raise ValueError(f"a value has {len(self.source)} images as its source, expected at most {_MOST_SOURCES}")

    @classmethod
    def of(cls, name: str, number: float, unit: str) -> Self:
        """Make one of the usual values.

        Parameters
        ----------
        name
            ``length``, ``long_axis``, ``short_axis``, ``angle``, ``cobb_angle``, ``area``, ``perimeter``, ``time``,
            ``velocity``; of pixels ``value``, ``mean``, ``standard_deviation``, ``minimum``, ``maximum``.
        number, unit
            See the class.

        Examples
        --------
        >>> Value.of("mean", 41.5, "[hnsf'U]").shown
        'Mean 41.5 HU'
        """
        code, derivation = derived_name(name, unit)
        return cls(code, number, unit, derivation)

    @property
    def shown(self) -> str:
        """What is written beside a measurement."""
        name = "" if is_of_pixels(self.name) else self.name.meaning
        name = name if self.derivation is None else self.derivation.meaning
        unit = unit_shown(self.unit)
        return f"{name} {self.number:.4g}{'' if unit == '°' else ' '}{unit}".strip()


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that was measured or marked: on an image, or in space.

    Attributes
    ----------
    kind
        ``length``, ``bidirectional``, ``angle``, ``cobb_angle``, ``ellipse``, ``rectangle``, ``freehand``, ``probe``,
        ``arrow`` or ``text``.
    points
        On an image column and row, where 0, 0 is the upper left corner of the first pixel and 0.5, 0.5 its centre; in
        space x, y, z in mm. They are rounded to single precision, as files hold them.

        Two ends of a length; of a bidirectional those of the long, then of the short axis; an angle's vertex is in the
        middle; a Cobb angle is two lines; an ellipse the ends of its longer, then of its shorter axis; a rectangle four
        corners in turn; freehand is closed when its last point is its first; an arrow begins with its tip.
    image
        The image, with one frame of it where there are several; None for points in space.
    frame_of_reference_uid
        Of points in space.
    values
        What was measured.
    label
        Words about it, at most 1024 characters; those of a text.
    finding, finding_site
        What it shows, and where in the body.
    tracking_id, tracking_uid
        What names the same thing in other objects; new ones, when they are not given.
    colour
        Red, green and blue to draw it in, 0 to 255 each.

    DICOM
    -----
    PS3.16 TID 1410, TID 1501; PS3.3 C.18.6, C.18.9

    Examples
    --------
    >>> ct = ImageReference("1.2.840.10008.5.1.4.1.1.2", "1.2.3")
    >>> line = Measurement("length", ((2, 3), (5, 7)), image=ct, values=(Value.of("length", 5.0, "mm"),))
    >>> line.closed, line.values[0].shown
    (False, 'Length 5 mm')
    >>> Measurement.from_dict(line.as_dict()) == line
    True
    """

    kind: str
    points: tuple[tuple[float, ...], ...]
    _: KW_ONLY
    image: ImageReference | None = None
    frame_of_reference_uid: str = ""
    values: tuple[Value, ...] = ()
    label: str = ""
    finding: Code | None = None
    finding_site: Code | None = None
    tracking_id: str = ""
    tracking_uid: str = ""
    colour: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"the kind of a measurement is one of {', '.join(KINDS)}")
        least, most = KINDS[self.kind]
        if not least <= len(self.points) <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            raise ValueError(f"{self.kind} has {len(self.points)} points, expected {expected}")
        if (self.image is None) != bool(self.frame_of_reference_uid):
            raise ValueError("a measurement is on an `image`, or in space, in a frame of reference")
        if self.image is not None and len(self.image.frames) > 1:
            raise ValueError("a measurement is on one frame")
        width = 3 if self.image is None else 2
        object.__setattr__(self, "points", tuple(_rounded(point, width) for point in self.points))
        if len(self.values) > MOST_VALUES:
            raise ValueError(f"a measurement has {len(self.values)} values, expected at most {MOST_VALUES}")
        for name, words in (("label", self.label), ("tracking_id", self.tracking_id)):
            if len(words) > _LONGEST_LABEL:
                raise ValueError(f"`{name}` has {len(words)} characters, expected at most {_LONGEST_LABEL}")
            if not is_text(words):
                raise ValueError(f"`{name}` has characters that are no text")
        object.__setattr__(self, "label", self.label.strip())
        if self.kind == "text" and not self.label:
            raise ValueError("a text needs its `label`")
        if self.tracking_uid and not UID(self.tracking_uid).is_valid:
            raise ValueError("`tracking_uid` is no UID")
        if self.colour is not None:
            rgb_to_cielab([int(value) for value in self.colour])
        object.__setattr__(self, "tracking_uid", self.tracking_uid or str(generate_uid()))
        object.__setattr__(self, "tracking_id", self.tracking_id.strip() or self.label or self.kind)

    @property
    def closed(self) -> bool:
        """Whether it is the outline of an area."""
        is_outline = self.kind == "freehand" and len(self.points) > 3 and self.points[0] == self.points[-1]
        return self.kind in {"ellipse", "rectangle"} or is_outline

    def as_dict(self) -> dict[str, Any]:
        """Return it as data of JSON, by the names of its attributes."""
        plain: dict[str, Any] = as_plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make it of data of JSON.

        Parameters
        ----------
        data
            As `as_dict` gives it. What is left out is as by default; the name of a value can be a word of `Value.of`.

        Raises
        ------
        ValueError
            It is something else; the message says which part.
        """
        given = dict(_mapping(data, "a measurement"))
        for name in set(given) - {field.name for field in fields(cls)}:
            raise ValueError(f"a measurement has no `{name[:40]}`")
        kind, points = _text(given.pop("kind", ""), "kind"), _list(given.pop("points", []), "points")
        values: dict[str, Any] = {}
        for name, value in given.items():
            if value is not None:
                values[name] = _READERS[name](value, name) if name in _READERS else _text(value, name)
        return cls(kind, tuple(tuple(_list(point, "points")) for point in points), **values)


def is_text(words: str) -> bool:
    """Tell whether a text can be written: signs and line ends, no control characters or halves of signs."""
    return all(sign.isprintable() or sign.isspace() for sign in words) and not set(words) & _NO_TEXT


def _rounded(point: Sequence[float], width: int) -> tuple[float, ...]:
    given: Sequence[object] = point
    if len(given) != width or not all(isinstance(one, int | float) and abs(one) <= _FAR for one in given):
        expected = "column and row" if width == 2 else "x, y and z"
        raise ValueError(f"a point is {expected}, finite numbers")
    return unpack(f"<{width}f", pack(f"<{width}f", *point))


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is an object with names, not {type(value).__name__}")  # noqa: TRY004 - of JSON
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is a text, not {type(value).__name__}")  # noqa: TRY004 - of JSON
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"`{name}` is a list, not {type(value).__name__}")  # noqa: TRY004 - of JSON
    return list(value)


def _code(value: object, name: str) -> Code:
    given = _mapping(value, f"`{name}`")
    code = Code(*(_text(given.get(part, ""), name) for part in Code._fields))
    legible = all(part.isprintable() and "\\" not in part for part in code)
    if not all(code) or not legible or len(code.scheme) > 16 or len(code.meaning) > 64:
        raise ValueError(f"`{name}` is a code: value, scheme of up to 16, and meaning of up to 64 characters")
    return code


def _image(value: object, name: str) -> ImageReference:
    given = _mapping(value, f"`{name}`")
    sop_class_uid, sop_instance_uid = (_text(given.get(f"sop_{part}_uid", ""), name) for part in ("class", "instance"))
    return ImageReference(sop_class_uid, sop_instance_uid, tuple(_list(given.get("frames") or [], "frames")))


def _values(value: object, name: str) -> tuple[Value, ...]:
    found = []
    for one in _list(value, name):
        given = _mapping(one, f"one of `{name}`")
        number, unit, called = given.get("number"), _text(given.get("unit", ""), "unit"), given.get("name")
        if not isinstance(number, int | float):
            raise ValueError("the number of a value is finite")  # noqa: TRY004 - of JSON
        source = tuple(_image(image, "source") for image in _list(given.get("source") or [], "source"))
        if isinstance(called, str):
            found.append(replace(Value.of(called, number, unit), source=source))
        else:
            derivation = given.get("derivation")
            how = None if derivation is None else _code(derivation, "derivation")
            found.append(Value(_code(called, "name"), number, unit, how, source))
    return tuple(found)


def _colour(value: object, name: str) -> tuple[int, int, int]:
    given = _list(value, name)
    if len(given) != 3 or not all(isinstance(one, int) for one in given):
        raise ValueError(f"`{name}` is red, green and blue, 0 to 255 each")
    return given[0], given[1], given[2]


_READERS = {
    "image": _image,
    "values": _values,
    "finding": _code,
    "finding_site": _code,
    "colour": _colour,
}
