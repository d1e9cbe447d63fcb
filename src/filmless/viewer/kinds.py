"""What a viewer can do with an instance, by its SOP class."""

from typing import Final, Literal

from filmless import _core

__all__ = ["Kind", "kind_of"]

Kind = Literal[
    "image",
    "video",
    "segmentation",
    "parametric-map",
    "contours",
    "dose",
    "presentation",
    "key-objects",
    "report",
    "document",
    "waveform",
    "other",
]

_CLASSES: Final[dict[str, Kind]] = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "segmentation",  # label map
    "1.2.840.10008.5.1.4.1.1.30": "parametric-map",
    "1.2.840.10008.5.1.4.1.1.481.2": "dose",
    "1.2.840.10008.5.1.4.1.1.481.3": "contours",
    "1.2.840.10008.5.1.4.1.1.88.59": "key-objects",
}
_FAMILIES: Final[dict[str, Kind]] = {
    "1.2.840.10008.5.1.4.1.1.11.": "presentation",
    "1.2.840.10008.5.1.4.1.1.88.": "report",
    "1.2.840.10008.5.1.4.1.1.104.": "document",
    "1.2.840.10008.5.1.4.1.1.9.": "waveform",
}


def kind_of(sop_class_uid: str, *, frames: int, transfer_syntax_uid: str) -> Kind:
    """Return what an instance is to a viewer.

    Parameters
    ----------
    sop_class_uid
        What it is to the Standard.
    frames
        How many frames of pixels it has.
    transfer_syntax_uid
        How they are coded.
    """
    found = _CLASSES.get(sop_class_uid) or next(
        (kind for prefix, kind in _FAMILIES.items() if sop_class_uid.startswith(prefix)), None
    )
    if found is not None:
        return found
    if not frames:
        return "other"
    row = _core.transfer_syntax(transfer_syntax_uid)
    return "video" if row is not None and row["codec"] == "video" else "image"
