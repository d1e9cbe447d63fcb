"""What a segment shows, and how it was found."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace

from filmless.dataset import Dataset
from filmless.objects.code import TISSUE, Code
from filmless.pixels.cielab import rgb_to_cielab

__all__ = ["BACKGROUND", "Segment", "segment_item", "segments_of"]

_ALGORITHMS = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")


@dataclass(frozen=True, slots=True)
class Segment:
    """What a segment shows, and how it was found.

    Attributes
    ----------
    label
        Its name, for people; at most 64 characters.
    category, type
        What is shown: ``Code("123037004", "SCT", "Anatomical Structure")`` and ``Code("10200004", "SCT", "Liver")``.
        Tissue, when it is not said.
    anatomic_region
        Where in the body.
    description
        More about it.
    algorithm
        ``"MANUAL"``, ``"SEMIAUTOMATIC"`` or ``"AUTOMATIC"``.
    algorithm_name
        Which one; needed unless it is manual.
    colour
        Red, green and blue to draw it in, 0 to 255 each.
    tracking_id, tracking_uid
        What names the same thing in other objects; the one needs the other.
    number
        Its number in a label map; by default its place among the segments, from 1.

    DICOM
    -----
    PS3.3 C.8.20.4

    Examples
    --------
    >>> liver = Segment("liver", type=Code("10200004", "SCT", "Liver"), colour=(200, 80, 60))
    >>> liver.algorithm
    'MANUAL'
    """

    label: str
    _: KW_ONLY
    category: Code = TISSUE
    type: Code = TISSUE
    anatomic_region: Code | None = None
    description: str = ""
    algorithm: str = "MANUAL"
    algorithm_name: str = ""
    colour: tuple[int, int, int] | None = None
    tracking_id: str = ""
    tracking_uid: str = ""
    number: int | None = None

    def __post_init__(self) -> None:
        if not self.label or len(self.label) > 64:
            raise ValueError("a segment's label has 1 to 64 characters")
        if self.algorithm not in _ALGORITHMS:
            raise ValueError(f"a segment's algorithm is one of {', '.join(_ALGORITHMS)}")
        if self.algorithm != "MANUAL" and not self.algorithm_name:
            raise ValueError("a segment that is not manual needs its `algorithm_name`")
        if bool(self.tracking_id) != bool(self.tracking_uid):
            raise ValueError("`tracking_id` and `tracking_uid` are given together")
        if self.colour is not None:
            rgb_to_cielab(self.colour)
        if self.number is not None and not 1 <= self.number <= 0xFFFF:
            raise ValueError("a segment's number is 1 to 65535")


_BACKGROUND = Code("125040", "DCM", "Background")
BACKGROUND = Segment("Background", category=_BACKGROUND, type=_BACKGROUND)


def segments_of(given: Sequence[Segment | str], kind: str) -> list[Segment]:
    """Give each segment its number; a text is the label of one.

    Raises
    ------
    TypeError
        They are something else.
    ValueError
        There are none, or their numbers are not what the kind of segmentation asks for.
    """
    if not isinstance(given, Sequence):
        raise TypeError(f"`segments` is a list of Segments or labels, not {type(given).__name__}")
    if isinstance(given, str) or not given:
        raise ValueError("`segments` is a list of at least one Segment or label")
    for segment in given:
        if not isinstance(segment, Segment | str):
            raise TypeError(f"`segments` is a list of Segments or labels, not of {type(segment).__name__}")
    segments = [Segment(segment) if isinstance(segment, str) else segment for segment in given]
    numbered = [
        segment if segment.number is not None else replace(segment, number=place)
        for place, segment in enumerate(segments, 1)
    ]
    numbers = [segment.number for segment in numbered]
    if len(set(numbers)) != len(numbers):
        raise ValueError("two segments have the same number")
    if kind != "LABELMAP" and numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"segments of kind {kind} are numbered from 1 without gaps")
    if len(numbers) > 0xFFFF:
        raise ValueError(f"there are {len(numbers)} segments, expected at most 65535")
    return numbered


def segment_item(segment: Segment, number: int, *, with_colour: bool = True) -> Dataset:
    """Return the segment's item of the Segment Sequence.

    DICOM
    -----
    PS3.3 C.8.20.4
    """
    item = Dataset({"SegmentNumber": number, "SegmentLabel": segment.label, "SegmentAlgorithmType": segment.algorithm})
    item.SegmentedPropertyCategoryCodeSequence = [segment.category.item()]
    item.SegmentedPropertyTypeCodeSequence = [segment.type.item()]
    if segment.anatomic_region is not None:
        item.AnatomicRegionSequence = [segment.anatomic_region.item()]
    if segment.description:
        item.SegmentDescription = segment.description
    if segment.algorithm_name:
        item.SegmentAlgorithmName = segment.algorithm_name
    if segment.colour is not None and with_colour:
        item.RecommendedDisplayCIELabValue = list(rgb_to_cielab(segment.colour))
    if segment.tracking_id:
        item.TrackingID, item.TrackingUID = segment.tracking_id, segment.tracking_uid
    return item
