"""Content items of structured reports, as they are written."""

from collections.abc import Iterable, Sequence

from filmless.dataset import Dataset
from filmless.objects.code import Code
from filmless.objects.measurement import Value
from filmless.objects.measurement_names import unit_code
from filmless.objects.references import ImageReference

__all__ = [
    "CONTAINS",
    "INFERRED_FROM",
    "MODIFIER",
    "OBSERVATION",
    "code_item",
    "container",
    "content_item",
    "coordinates",
    "image_item",
    "number_item",
    "text_item",
]

CONTAINS, INFERRED_FROM = "CONTAINS", "INFERRED FROM"
OBSERVATION, MODIFIER = "HAS OBS CONTEXT", "HAS CONCEPT MOD"


def content_item(relationship: str, kind: str, concept: Code | None, below: Iterable[Dataset] = ()) -> Dataset:
    """Make a content item without its value.

    DICOM
    -----
    PS3.3 C.17.3
    """
    item = Dataset({"ValueType": kind})
    if relationship:
        item.RelationshipType = relationship
    if concept is not None:
        item.ConceptNameCodeSequence = [concept.item()]
    children = list(below)
    if children:
        item.ContentSequence = children
    return item


def container(concept: Code, below: Iterable[Dataset], *, relationship: str = CONTAINS, template: str = "") -> Dataset:
    """Make a CONTAINER, and say which template it follows."""
    item = content_item(relationship, "CONTAINER", concept, below)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        item.ContentTemplateSequence = [Dataset({"MappingResource": "DCMR", "TemplateIdentifier": template})]
    return item


def code_item(relationship: str, concept: Code, code: Code, below: Iterable[Dataset] = ()) -> Dataset:
    """Make a CODE."""
    item = content_item(relationship, "CODE", concept, below)
    item.ConceptCodeSequence = [code.item()]
    return item


def text_item(relationship: str, concept: Code, text: str, *, kind: str = "TEXT") -> Dataset:
    """Make a TEXT, or a PNAME or UIDREF.

    Raises
    ------
    ValueError
        It would be several names.
    """
    if kind == "PNAME" and "\\" in text:
        raise ValueError("a name has no backslash")
    item = content_item(relationship, kind, concept)
    item[{"TEXT": "TextValue", "PNAME": "PersonName", "UIDREF": "UID"}[kind]] = text
    return item


def number_item(value: Value, below: Iterable[Dataset], derivation: Code) -> Dataset:
    """Make a NUM; a number that a decimal string of 16 characters does not hold is there in full as well.

    DICOM
    -----
    PS3.3 C.18.1
    """
    how = [] if value.derivation is None else [code_item(MODIFIER, derivation, value.derivation)]
    item = content_item(CONTAINS, "NUM", value.name, [*how, *below])
    measured = Dataset({"NumericValue": value.number})
    if Dataset.from_json(measured.to_json()).NumericValue != value.number:
        measured.FloatingPointValue = float(value.number)
    measured.MeasurementUnitsCodeSequence = [unit_code(value.unit).item()]
    item.MeasuredValueSequence = [measured]
    return item


def image_item(relationship: str, image: ImageReference, concept: Code | None = None) -> Dataset:
    """Make an IMAGE."""
    item = content_item(relationship, "IMAGE", concept)
    item.ReferencedSOPSequence = [image.item()]
    return item


def coordinates(
    relationship: str,
    concept: Code,
    graphic: str,
    points: Sequence[Sequence[float]],
    place: ImageReference | str,
    *,
    tiled: bool = False,
) -> Dataset:
    """Make an SCOORD on an image, or an SCOORD3D in a frame of reference.

    DICOM
    -----
    PS3.3 C.18.6, C.18.9
    """
    data = [one for point in points for one in point]
    if isinstance(place, str):
        item = content_item(relationship, "SCOORD3D", concept)
        item.ReferencedFrameOfReferenceUID = place
    else:
        item = content_item(relationship, "SCOORD", concept, [image_item("SELECTED FROM", place)])
        if tiled:
            item.PixelOriginInterpretation = "FRAME"
    item.GraphicType, item.GraphicData = graphic, data
    return item
