"""What models name other files for, and the references that their objects have in place of it."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from urllib.parse import quote

from filmless.convert.content import Content, Document
from filmless.dataset import Dataset

__all__ = ["add_references", "files_named_in", "link_models"]

_TEXTURE_WORDS = rb"map_(?!aat\b)\w+|bump|disp|decal|refl|norm"
#: How many values follow an option of a texture, at most.
_TEXTURE_OPTIONS = {
    **dict.fromkeys(
        (b"-blendu", b"-blendv", b"-boost", b"-cc", b"-clamp", b"-imfchan", b"-texres", b"-type", b"-bm"), 1
    ),
    b"-mm": 2,
    **dict.fromkeys((b"-o", b"-s", b"-t"), 3),
}


def files_named_in(document: Document) -> tuple[str, ...]:
    """Return the files that a model names, as it names them: of an OBJ its MTL, of an MTL its pictures; once each.

    They are names out of a file: look them up among files that are there, never open them.
    """
    if document.kind not in ("OBJ", "MTL"):
        return ()
    names: dict[str, None] = {}
    # Only lines that name files are looked at: a model has millions of others.
    wanted = b"mtllib" if document.kind == "OBJ" else _TEXTURE_WORDS
    for line in re.finditer(
        rb"^[ \t]*(?:" + wanted + rb")[ \t]+([^\r\n]+)", document.data, re.MULTILINE | re.IGNORECASE
    ):
        rest = line[1].strip()
        found = _libraries(rest) if document.kind == "OBJ" else [_texture(rest)]
        names.update(dict.fromkeys(name.decode("utf-8", "replace") for name in found if name))
    return tuple(names)


def _libraries(rest: bytes) -> list[bytes]:
    """Names in a line of several, or of one with spaces in it, which the language does not have and people do."""
    parts = rest.split()
    if len(parts) > 1 and all(part.lower().endswith(b".mtl") for part in parts):
        return parts
    return [rest]


def _texture(rest: bytes) -> bytes:
    """Return the name of a picture behind its options."""
    words = rest.split()
    while words and words[0].lower() in _TEXTURE_OPTIONS:
        most = _TEXTURE_OPTIONS[words[0].lower()]
        words.pop(0)
        for taken in range(most):
            if not words or (taken and not _is_number(words[0])):  # options may have fewer values
                break
            words.pop(0)
    return b" ".join(words)


def add_references(ds: Dataset, document: Document, others: Mapping[str, Dataset]) -> tuple[str, ...]:
    """Make the object of a model refer to the objects of the files that it names.

    Parameters
    ----------
    ds
        The object of ``document``.
    document
        An OBJ or MTL.
    others
        Objects by the name that the model gives their file (see `files_named_in`).

    Returns
    -------
    tuple of str
        Names for which ``others`` has none.

    DICOM
    -----
    PS3.3 C.24.2, C.12.2
    """
    names = files_named_in(document)
    found = [(name, others[name]) for name in names if name in others]
    if found:
        ds.ReferencedInstanceSequence = [
            Dataset({**_reference(other), "RelativeURIReferenceWithinEncapsulatedDocument": _uri(name)})
            for name, other in found
        ]
        _add_common_references(ds, [other for _, other in found])
    return tuple(name for name in names if name not in others)


def link_models(objects: Mapping[str, tuple[Content, Dataset]]) -> dict[str, tuple[str, ...]]:
    """Make the models of a folder refer to each other: OBJ to their MTL, MTL to their pictures.

    Parameters
    ----------
    objects
        What the files became, by their path below the folder, with ``/``. Data sets of models that name others are
        changed: link them before they are written.

    Returns
    -------
    dict
        Of each model that names files which are not among them, these names.

    DICOM
    -----
    PS3.3 C.24.2, C.12.2; PS3.17 RRRR
    """
    by_place = {_place("", path): ds for path, (_, ds) in objects.items()}
    missing = {}
    for path, (content, ds) in objects.items():
        if not isinstance(content, Document):
            continue
        places = {name: _place(posixpath.dirname(path), name) for name in files_named_in(content)}
        others = {name: by_place[place] for name, place in places.items() if place in by_place}
        unknown = add_references(ds, content, others)
        if unknown:
            missing[path] = unknown
    return missing


def _place(folder: str, name: str) -> str:
    """Return where a name leads, as file systems that do not tell cases apart see it."""
    return posixpath.normpath(posixpath.join(folder, name.replace("\\", "/"))).casefold()


def _uri(name: str) -> str:
    return quote(name.replace("\\", "/"))


def _reference(other: Dataset) -> dict[str, str]:
    return {"ReferencedSOPClassUID": other.SOPClassUID, "ReferencedSOPInstanceUID": other.SOPInstanceUID}


def _add_common_references(ds: Dataset, others: Iterable[Dataset]) -> None:
    """Say in which study and series the objects are: the Common Instance Reference Module."""
    studies: dict[str, dict[str, dict[str, Dataset]]] = {}
    for other in others:
        series = studies.setdefault(other.StudyInstanceUID, {}).setdefault(other.SeriesInstanceUID, {})
        series[other.SOPInstanceUID] = Dataset(_reference(other))
    items = {
        study: [
            Dataset({"SeriesInstanceUID": uid, "ReferencedInstanceSequence": list(instances.values())})
            for uid, instances in series.items()
        ]
        for study, series in studies.items()
    }
    own = items.pop(ds.StudyInstanceUID, None)
    if own:
        ds.ReferencedSeriesSequence = own
    if items:
        ds.StudiesContainingOtherReferencedInstancesSequence = [
            Dataset({"StudyInstanceUID": study, "ReferencedSeriesSequence": series}) for study, series in items.items()
        ]


def _is_number(word: bytes) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False
