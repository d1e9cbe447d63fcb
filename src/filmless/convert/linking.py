"""Models of a run and the files that they name: OBJ their materials, these their pictures."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from filmless.convert.content import Document
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.file import read

__all__ = ["Models"]

_UIDS = ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class Holdable(Protocol):
    """A part of a source on its way, that is made."""

    notices: list[ConversionNotice]


Work = TypeVar("Work", bound=Holdable)


class Models(Generic[Work]):
    """Holds models until all other sources of a run are made, since they name what comes before and after them.

    DICOM
    -----
    PS3.3 A.85, C.24.2
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[Work, Document, Dataset]] = {}
        self._objects: dict[str, tuple[str, ...]] = {}
        self._files: dict[str, Path] = {}

    def hold(self, work: Work, name: str, model: Document, ds: Dataset) -> None:
        """Keep a model back."""
        self._held[_plain(name)] = (work, model, ds)

    def note(self, name: str, ds: Dataset) -> None:
        """Remember an object that a model may name."""
        *shared, own = (str(ds.get(keyword) or "") for keyword in _UIDS)
        self._objects[_plain(name)] = (*map(sys.intern, shared), own)

    def note_file(self, name: str, path: Path) -> None:
        """Remember an object that was written before."""
        self._files[_plain(name)] = path

    def linked(self) -> Iterator[Work]:
        """Give the models that were kept back, with their references."""
        if not self._held:
            return
        from filmless.convert.documents.references import link_models

        objects: dict[str, Any] = {
            name: (None, Dataset(dict(zip(_UIDS, uids, strict=True)))) for name, uids in self._objects.items()
        }
        for name, path in self._files.items():
            try:
                objects[name] = (None, read(path))
            except (DicomError, OSError):
                continue  # it is no longer there to be named
        objects |= {name: (model, ds) for name, (_, model, ds) in self._held.items()}
        missing = link_models(objects)
        for name, (work, _, _) in self._held.items():
            if count := len(missing.get(name, ())):
                what = "1 file that is" if count == 1 else f"{count} files that are"
                work.notices.append(ConversionNotice("missing-reference", f"names {what} not among the sources"))
            yield work


def _plain(name: str) -> str:
    return name.replace(os.sep, "/")
