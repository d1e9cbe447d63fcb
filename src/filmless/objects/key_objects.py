"""Key objects: images that somebody picked, and why (PS3.3 A.35.4, PS3.16 TID 2010)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.errors import ValidationError
from filmless.objects.code import Code
from filmless.objects.content_item import CONTAINS, OBSERVATION, code_item, container, image_item, text_item
from filmless.objects.content_tree import report_sections
from filmless.objects.derived_header import check_images, derived_header, evidence, set_header
from filmless.objects.measurement_report import CONCEPTS, set_report
from filmless.objects.references import ImageReference
from filmless.pixels.attributes import text
from filmless.pixels.description import number_of_frames

__all__ = ["OF_INTEREST", "KeyObjects", "key_object_selection", "key_objects"]

_KEY_OBJECTS: Final = "1.2.840.10008.5.1.4.1.1.88.59"
_DESCRIPTION: Final = Code("113012", "DCM", "Key Object Description")
OF_INTEREST: Final = Code("113000", "DCM", "Of Interest")


@dataclass(frozen=True, slots=True)
class KeyObjects:
    """Images that somebody picked.

    Attributes
    ----------
    title
        Why: ``Code("113000", "DCM", "Of Interest")``.
    description
        In words.
    images
        Which; without frames all of them.
    observer
        Who picked them.
    """

    title: Code | None
    description: str
    images: tuple[ImageReference, ...]
    observer: str = ""


def key_objects(ds: Dataset) -> KeyObjects:
    """Read a key object selection.

    Raises
    ------
    TypeError
        It is no data set.
    ValidationError
        It is no key object selection.
    LimitError
        It has too many content items.

    DICOM
    -----
    PS3.3 A.35.4; PS3.16 TID 2010
    """
    root = report_sections(ds)
    if text(ds, "SOPClassUID") != _KEY_OBJECTS:
        raise ValidationError("the data set is no key object selection", tag=0x0008_0016)
    return KeyObjects(
        root.concept,
        "\n".join(item.text for item in root.below(_DESCRIPTION) if item.text),
        tuple(item.reference for item in root.walk() if item.reference is not None),
        next((item.text for item in root.below(CONCEPTS["person_name"])), ""),
    )


def key_object_selection(
    source: Dataset | Sequence[Dataset],
    *,
    title: Code = OF_INTEREST,
    description: str = "",
    frames: Mapping[str, Sequence[int]] | None = None,
    observer: str = "",
    header: Mapping[str, Any] | None = None,
) -> Dataset:
    """Pick images.

    Parameters
    ----------
    source
        The images, of one study.
    title
        Why: a code of CID 7010.
    description
        In words.
    frames
        By SOP instance UID which frames of an image, from 0; by default all of it.
    observer
        Who picked them, as DICOM writes a name: ``"Doe^Jane"``.
    header
        More values by keyword: ``SeriesDescription``, ...

    Returns
    -------
    Dataset
        A key object selection, in a series of its own.

    Raises
    ------
    TypeError
        The sources are no data sets, or the title no code.
    ValueError
        A frame is not there, or a value does not fit.
    ValidationError
        A source image has no UIDs.

    DICOM
    -----
    PS3.3 A.35.4; PS3.16 TID 2010

    Examples
    --------
    >>> from filmless import read
    >>> picked = key_object_selection(read("slice.dcm"), description="as discussed")
    >>> key_objects(picked).title.meaning, key_objects(picked).description
    ('Of Interest', 'as discussed')
    """
    images = check_images(source)
    if not isinstance(title, Code):
        raise TypeError(f"`title` is a Code, not {type(title).__name__}")
    ds = derived_header(images[0], sop_class=_KEY_OBJECTS, modality="KO")
    content = []
    if observer:
        content.append(code_item(OBSERVATION, CONCEPTS["observer_type"], CONCEPTS["person"]))
        content.append(text_item(OBSERVATION, CONCEPTS["person_name"], observer, kind="PNAME"))
    if description:
        content.append(text_item(CONTAINS, _DESCRIPTION, description))
    picked = dict(frames or {})
    for image in images:
        uid = str(image.SOPInstanceUID)
        own = tuple(picked.pop(uid, ()))
        count = number_of_frames(image)
        if any(not 0 <= frame < count for frame in own):
            raise ValueError(f"a frame of `frames` is not there, expected 0 to {count - 1}")
        content.append(image_item(CONTAINS, ImageReference(str(image.SOPClassUID), uid, own)))
    if picked:
        raise ValueError("`frames` names an image that is not among the sources")
    set_report(ds, container(title, content, relationship="", template="2010"))
    ds.CurrentRequestedProcedureEvidenceSequence = [evidence(images)]
    set_header(ds, header or {})
    return ds
