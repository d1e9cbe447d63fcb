"""What is shown where it lies: files and folders that a person names, which are neither taken in nor written beside."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filmless.archive import Archive, Outcome
from filmless.dataset import Dataset
from filmless.dicomweb.origin.service import ReadOnly
from filmless.errors import ArchiveError, ConflictError, DicomError, FormatError
from filmless.file import write
from filmless.file.uid_grammar import is_uid

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["Saving", "Shown"]

_NOTHING_IS_TAKEN_IN: Final = ReadOnly(
    "files are shown where they lie: nothing is imported or deleted here",
    "`filmless archive import` brings them into an archive, which `filmless serve` serves",
)
_NOTHING_IS_SAVED: Final = ReadOnly(
    "files are shown where they lie: nothing is saved beside them",
    "`filmless view --save-to DIR` saves measurements to a folder",
)
_NOTHING_GOES_THERE: Final = ReadOnly(
    "an archive of the network is looked at: nothing is imported, deleted or saved there",
    "`filmless store` brings files to it; `filmless view --save-to DIR` saves measurements to a folder",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a server shows instead of what its archive holds.

    Attributes
    ----------
    paths
        Files, folders, and media with a DICOMDIR.
    everything
        Whether of a medium also that is shown which its DICOMDIR does not refer to.
    save_to
        A folder for measurements and presentation states that are made; what it holds is shown, too.
    other
        Speaks with an archive of the network, whose studies are shown.
    name
        Where that is, for people.
    """

    paths: tuple[Path, ...] = ()
    everything: bool = False
    save_to: Path | None = None
    other: "BlockingClient | None" = None
    name: str = ""

    @property
    def read_only(self) -> ReadOnly:
        """Why nothing is imported or deleted."""
        return _NOTHING_IS_TAKEN_IN if self.other is None else _NOTHING_GOES_THERE

    @property
    def no_keeping(self) -> ReadOnly:
        """Why no measurements are saved, without a folder for them."""
        return _NOTHING_IS_SAVED if self.other is None else _NOTHING_GOES_THERE


class Saving:
    """Writes what is made in the viewer into a folder, a file each.

    Parameters
    ----------
    archive
        What shows it.
    folder
        The folder.
    """

    def __init__(self, archive: Archive, folder: Path) -> None:
        self._archive, self._folder = archive, folder

    def __call__(self, dataset: Dataset) -> Outcome:
        """Write a data set under its SOP Instance UID, and show it.

        Raises
        ------
        FormatError
            It has no such UID.
        ConflictError
            There is such a file.
        ArchiveError
            It cannot be written.
        """
        uid = dataset.get("SOPInstanceUID")
        if not is_uid(uid):
            raise FormatError("the data set has no SOPInstanceUID that a file can be named by")
        path = self._folder / f"{uid}.dcm"
        if path.exists():
            raise ConflictError("there is a file of this SOP Instance UID already", path=path)
        try:
            write(dataset, path, durable=True)
        except OSError as error:
            raise ArchiveError(f"cannot save, {(error.strerror or type(error).__name__).lower()}", path=path) from error
        [outcome] = self._archive.add_in_place(self._folder, [path])
        if isinstance(outcome, DicomError):
            raise outcome
        if isinstance(outcome, OSError):
            raise ArchiveError("what was saved cannot be read", path=path) from outcome
        return outcome
