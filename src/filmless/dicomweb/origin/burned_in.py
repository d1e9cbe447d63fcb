"""Text that is burned into pictures: of the patient, and of how the image was made."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.pixels.annotations import Label
from filmless.pixels.displayed_area import View
from filmless.pixels.drawing import draw_annotations

__all__ = ["burn", "labelled"]

_MOST_CHARACTERS = 64  # of a line
_PATIENT = ("PatientID", "PatientBirthDate", "PatientSex")
# What is said of the technique: an attribute, what goes before its value, and what behind.
_TECHNIQUE = (
    (("StudyDate", "", ""), ("StudyTime", "", "")),
    (("Modality", "", ""), ("SeriesNumber", "Se ", ""), ("InstanceNumber", "Im ", "")),
    (("SeriesDescription", "", ""),),
    (("KVP", "", " kV"), ("XRayTubeCurrent", "", " mA"), ("Exposure", "", " mAs")),
    (("RepetitionTime", "TR ", " ms"), ("EchoTime", "TE ", " ms")),
    (("SliceThickness", "", " mm"), ("SliceLocation", "at ", " mm")),
)


def burn(
    picture: NDArray[np.uint8], ds: Dataset, frame: int, annotations: Iterable[str], *, frames: int = 1
) -> NDArray[np.uint8]:
    """Burn text into a picture: of the patient in its upper left corner, of the technique in the lower left one.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8. It stays as it is; a grey one gives a grey one.
    ds
        Whose picture it is.
    frame
        Of which frame, from 0.
    annotations
        ``"patient"``, ``"technique"``.
    frames
        How many frames there are.

    DICOM
    -----
    PS3.18 8.3.5.1.1
    """
    asked = frozenset(annotations)
    corners = []
    if "patient" in asked:
        corners.append(((0.0, 0.0), _patient(ds)))
    if "technique" in asked:
        corners.append(((0.0, 1.0), [*_technique(ds), *([f"Fr {frame + 1}/{frames}"] if frames > 1 else [])]))
    return labelled(picture, [(corner, "\n".join(lines)) for corner, lines in corners if lines])


def labelled(picture: NDArray[np.uint8], texts: Iterable[tuple[tuple[float, float], str]]) -> NDArray[np.uint8]:
    """Write texts beside places of a picture, which are x and y from 0 to 1; none leaves the picture."""
    view = View(picture.shape[:2], 0, False, (0, 0, picture.shape[1], picture.shape[0]), picture.shape[:2])
    labels = [Label("", words, anchor=np.array([place]), anchor_units="DISPLAY") for place, words in texts]
    return draw_annotations(picture, labels, view)


def _patient(ds: Dataset) -> list[str]:
    name = _text(ds, "PatientName").partition("=")[0]
    parts = [" ".join(part.split()) for part in name.split("^")]
    family, others = parts[0], " ".join(part for part in parts[1:3] if part)
    lines = [", ".join(part for part in (family, others) if part)]
    lines += [_text(ds, keyword) for keyword in _PATIENT]
    return [line for line in lines if line]


def _technique(ds: Dataset) -> list[str]:
    lines = []
    for row in _TECHNIQUE:
        said = [(before, _text(ds, keyword), unit) for keyword, before, unit in row]
        lines.append("  ".join(before + value + unit for before, value, unit in said if value))
    return [line for line in lines if line]


def _text(ds: Dataset, keyword: str) -> str:
    """Return an attribute as a line of text; nothing when it cannot be read."""
    try:
        value: Any = ds.get(keyword)
    except Exception:  # noqa: BLE001 - a picture is there without the words beside it, too
        return ""
    if value is None or isinstance(value, bytes | list):
        value = value[0] if isinstance(value, list) and value else ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if keyword.endswith("Date") and len(text) == 8 and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    elif keyword.endswith("Time") and keyword.startswith("Study") and text[:6].isdigit():
        text = ":".join((text[:2], text[2:4], text[4:6]))
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_MOST_CHARACTERS].strip()
