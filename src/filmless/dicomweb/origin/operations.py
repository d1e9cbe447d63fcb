"""What the service can be asked for: a row for each method of each resource, for all descriptions of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from starlette.routing import BaseRoute, Route

from filmless.dicomweb.origin.documents import media_types_of_document
from filmless.dicomweb.origin.pictures import media_types
from filmless.dicomweb.origin.rendering_parameters import KEYS as RENDERING
from filmless.dicomweb.origin.search_parameters import KEYS as SEARCHING
from filmless.dicomweb.origin.thumbnails import MEDIA_TYPES as SMALL

__all__ = ["OPERATIONS", "PARAMETERS", "Operation", "operations_of"]


class Operation(NamedTuple):
    """A method of a resource.

    Attributes
    ----------
    method, path
        As of the route: ``GET``, ``/studies/{study}``.
    name
        The Standard's, in one word: ``RetrieveStudy``.
    summary
        What it does, for people.
    group
        Of what service it is.
    query
        Names of its query parameters.
    gives
        Media types of what it answers with, the default first; none for an answer without a body.
    takes
        Media types of what it is sent.
    status
        Of success.
    """

    method: str
    path: str
    name: str
    summary: str
    group: str
    query: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    status: int = 200


_NUMBER = r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?"
_FLAG: Final = {"type": "string", "enum": ["true", "false"]}

PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "accept": ("Media types, in place of the header.", {"type": "string"}),
    "annotation": (
        "What is burned in.",
        {"type": "string", "enum": ["patient", "technique", "patient,technique"]},
    ),
    "iccprofile": ("Whether colours have a profile.", {"type": "string", "enum": ["no", "yes", "srgb"]}),
    "quality": ("Of an encoder that loses.", {"type": "integer", "minimum": 1, "maximum": 100}),
    "viewport": (
        "Width and height of the picture; then left, top, width and height of a region of the image.",
        {"type": "string", "pattern": r"^[1-9][0-9]{0,2},[1-9][0-9]{0,2}(,[0-9]{1,3},[0-9]{1,3}(,-?[1-9][0-9]?){2})?$"},
    ),
    "window": (
        "Center, width and function of the VOI LUT.",
        {"type": "string", "pattern": rf"^{_NUMBER},[1-9][0-9]{{0,6}},(linear|linear-exact|sigmoid)$"},
    ),
    "fuzzymatching": ("Whether words of names match that begin alike.", _FLAG),
    "includefield": ("Attributes to return too, by keyword or tag, or `all`.", {"type": "string"}),
    "limit": ("How many answers at the most.", {"type": "integer", "minimum": 0, "maximum": 999_999_999}),
    "offset": ("How many answers are skipped.", {"type": "integer", "minimum": 0, "maximum": 999_999_999}),
    "emptyvaluematching": ("Not supported; a warning says so.", _FLAG),
    "multiplevaluematching": ("Not supported; a warning says so.", _FLAG),
    "PatientName": ("Matching key; any other attribute is one, too, by keyword, tag or path.", {"type": "string"}),
    "PatientID": ("Matching key.", {"type": "string"}),
    "StudyDate": ("Matching key: a date or a range.", {"type": "string"}),
    "ModalitiesInStudy": ("Matching key.", {"type": "string"}),
    "StudyInstanceUID": ("Matching key: a UID or a list of them.", {"type": "string"}),
}
"""What each query parameter is, and its JSON schema."""

_STUDY: Final = "/studies/{study}"
_SERIES: Final = f"{_STUDY}/series/{{series}}"
_INSTANCE: Final = f"{_SERIES}/instances/{{instance}}"
_FRAMES: Final = f"{_INSTANCE}/frames/{{frames}}"
_LEVELS: Final = (("Study", _STUDY), ("Series", _SERIES), ("Instance", _INSTANCE))

_JSON, _XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'
_DICOM: Final = ("application/dicom", 'multipart/related; type="application/dicom"', "application/zip")
_OCTETS: Final = ("application/octet-stream", 'multipart/related; type="application/octet-stream"')
_KEYS: Final = ("PatientName", "PatientID", "StudyDate", "ModalitiesInStudy", "StudyInstanceUID")
_STORED: Final = ("application/dicom+json", "application/dicom+xml")
_PICTURES: Final = (*media_types(moving=True), *media_types_of_document("1.2.840.10008.5.1.4.1.1.88.11"),
                    "application/pdf", "multipart/related")  # fmt: skip


def _search(path: str, name: str, summary: str) -> Operation:
    return Operation("GET", path, name, summary, "Search", (*SEARCHING, *_KEYS, "accept"), (_JSON, _XML))


def _rows() -> Iterable[Operation]:
    yield _search("/studies", "SearchForStudies", "Search for studies")
    yield _search("/series", "SearchForSeries", "Search for series")
    yield _search("/instances", "SearchForInstances", "Search for instances")
    yield _search(f"{_STUDY}/series", "SearchForStudySeries", "Search for series of a study")
    yield _search(f"{_STUDY}/instances", "SearchForStudyInstances", "Search for instances of a study")
    yield _search(f"{_SERIES}/instances", "SearchForStudySeriesInstances", "Search for instances of a series")
    for level, path in _LEVELS:
        what = "an instance" if level == "Instance" else f"a {level.lower()}"
        yield Operation("GET", path, f"Retrieve{level}", f"Retrieve {what}", "Retrieve", ("accept",), _DICOM)
        yield Operation("DELETE", path, f"Delete{level}", f"Delete {what}", "Delete", status=204)
        yield Operation("GET", f"{path}/metadata", f"Retrieve{level}Metadata", f"Retrieve the headers of {what}",
                        "Retrieve", ("accept",), (_JSON, _XML))  # fmt: skip
        yield Operation("GET", f"{path}/bulkdata", f"Retrieve{level}Bulkdata", f"Retrieve all bulk data of {what}",
                        "Retrieve", ("accept",), _OCTETS)  # fmt: skip
    yield Operation("GET", f"{_INSTANCE}/bulkdata/{{path}}", "RetrieveBulkdata", "Retrieve a value by its URI",
                    "Retrieve", ("accept",), (*_OCTETS, "*/*"))  # fmt: skip
    yield Operation("GET", _FRAMES, "RetrieveFrames", "Retrieve frames", "Retrieve", ("accept",), (*_OCTETS, "*/*"))
    for level, path in (*_LEVELS, ("Frames", _FRAMES)):
        what = {"Frames": "frames", "Instance": "an instance"}.get(level, f"a {level.lower()}")
        yield Operation("GET", f"{path}/rendered", f"RetrieveRendered{level}", f"Retrieve pictures of {what}",
                        "Render", (*RENDERING, "accept"), _PICTURES)  # fmt: skip
        yield Operation("GET", f"{path}/thumbnail", f"Retrieve{level}Thumbnail", f"Retrieve a small picture of {what}",
                        "Render", (*RENDERING, "accept"), SMALL)  # fmt: skip
    stored = ('multipart/related; type="application/dicom"', *(f'multipart/related; type="{kind}"' for kind in _STORED))
    yield Operation("POST", "/studies", "StoreInstances", "Store instances", "Store", (), _STORED, stored)
    yield Operation("POST", _STUDY, "StoreStudyInstances", "Store instances of a study", "Store", (), _STORED, stored)
    yield Operation("POST", "/convert", "Convert", "Make instances of pictures, videos and documents, and store them",
                    "Store", (), _STORED, ("multipart/form-data", "multipart/related", "*/*"))  # fmt: skip
    yield Operation("GET", "/wado", "RetrieveUri", "Retrieve an instance by WADO-URI", "Retrieve", (),
                    ("application/dicom", *_PICTURES))  # fmt: skip
    described = ("application/vnd.sun.wadl+xml", "application/json")
    yield Operation("OPTIONS", "/", "RetrieveCapabilities", "Retrieve the capabilities", "Service", (), described)
    yield Operation("GET", "/", "RetrieveCapabilitiesByGet", "Retrieve the capabilities", "Service", (), described)
    yield Operation("GET", "/openapi.json", "RetrieveDescription", "Retrieve this description", "Service", (),
                    ("application/json",))  # fmt: skip


OPERATIONS: Final = {(row.method, row.path): row for row in _rows()}
"""The rows, by method and path."""


def operations_of(routes: Sequence[BaseRoute]) -> list[Operation]:
    """Return what routes do, in their order; one that is not in the table is there with its name alone."""
    found = []
    for route in routes:
        if not isinstance(route, Route):
            continue
        path = route.path.replace(":path}", "}")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            plain = Operation(method, path, f"{method.title()} {route.name}".title().replace(" ", ""), "", "Service")
            found.append(OPERATIONS.get((method, path), plain._replace(gives=("*/*",))))
    return found
