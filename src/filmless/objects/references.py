"""References to images, and plain data for programs that read JSON."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from filmless.dataset import Dataset, Finding
from filmless.objects.code import Code
from filmless.pixels.attributes import numbers, text

__all__ = ["ImageReference", "as_plain", "references_in"]


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An instance that is pointed to, and which frames of it.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid
        What it is.
    frames
        From 0; none stands for all of it.

    DICOM
    -----
    PS3.3 10.8 (SOP Instance Reference Macro), C.18.4
    """

    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.sop_class_uid or not self.sop_instance_uid:
            raise ValueError("a reference has the UIDs of a SOP class and an instance")
        given: tuple[object, ...] = self.frames  # from JSON they can be anything
        if any(not isinstance(frame, int) or not 0 <= frame < 1 << 31 for frame in given):
            raise ValueError("the frames of a reference are whole numbers from 0")

    def item(self) -> Dataset:
        """Return the item of a sequence of references."""
        item = Dataset({"ReferencedSOPClassUID": self.sop_class_uid, "ReferencedSOPInstanceUID": self.sop_instance_uid})
        if self.frames:
            item.ReferencedFrameNumber = [frame + 1 for frame in self.frames]
        return item


def references_in(items: Iterable[Dataset]) -> tuple[ImageReference, ...]:
    """Read items of a sequence of references; those without UIDs are left out."""
    found = []
    for item in items:
        uids = text(item, "ReferencedSOPClassUID"), text(item, "ReferencedSOPInstanceUID")
        if all(uids):
            frames = numbers(item, "ReferencedFrameNumber")
            found.append(ImageReference(*uids, tuple(int(frame) - 1 for frame in frames if 1 <= frame < 2**31)))
    return tuple(found)


def as_plain(value: Any) -> Any:
    """Return frozen data of this room as dicts, lists, texts and numbers, which `json.dumps` takes.

    Examples
    --------
    >>> as_plain(ImageReference("1.2", "1.3", (0,)))
    {'sop_class_uid': '1.2', 'sop_instance_uid': '1.3', 'frames': [0]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Code):
        return value._asdict()
    if isinstance(value, Finding):
        return {"code": value.code, "tag": value.tag, "message": value.message}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [as_plain(one) for one in value]
    return str(value) if isinstance(value, str) else value
