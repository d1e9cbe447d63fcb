"""What of an archive a rendered resource shows: images and their frames, images of presentation states, documents."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from filmless.archive import Archive, Entry, Within
from filmless.dataset import Dataset
from filmless.dicomweb.origin.documents import media_types_of_document
from filmless.dicomweb.origin.pictures import Image, mend
from filmless.errors import DicomWebError
from filmless.pixels.attributes import integer, items, numbers, text
from filmless.pixels.presentation_state import PresentationState

__all__ = ["Subject", "open_image", "representative_frame", "subjects"]

_STATES: Final = "1.2.840.10008.5.1.4.1.1.11."


class Subject(NamedTuple):
    """An image, or a document, that is shown.

    Attributes
    ----------
    entry
        The instance.
    frames
        Which of its frames, from 0; None for all; none of a document.
    state
        The presentation state that it is shown through.
    """

    entry: Entry
    frames: tuple[int, ...] | None = None
    state: Entry | None = None

    @property
    def numbers(self) -> Sequence[int]:
        """The frames, from 0."""
        return range(self.entry.frames) if self.frames is None else self.frames


def subjects(archive: Archive, entries: Sequence[Entry], *, within: Within) -> list[Subject]:
    """Return what is shown of a study, of a series, or of an instance.

    Images are shown, when there are none documents, and when there are none presentation states are, each by the images
    that it refers to.

    Parameters
    ----------
    archive
        Where images of presentation states are looked for.
    entries
        The instances.
    within
        What is in sight.

    Raises
    ------
    DicomWebError
        404: presentation states refer to images that are not there; 406: nothing can be shown.

    DICOM
    -----
    PS3.18 10.4.1.1.3
    """
    found = [Subject(entry) for entry in entries if entry.frames > 0]
    found = found or [Subject(entry, ()) for entry in entries if media_types_of_document(entry.sop_class_uid)]
    if found:
        return found
    states = [entry for entry in entries if entry.sop_class_uid.startswith(_STATES)]
    if not states:
        message = "nothing here has a rendered form: no image, no report, no encapsulated document"
        raise DicomWebError(message, status=406, hint="a thumbnail says what it is")
    found = [subject for state in states for subject in _of_state(archive, state, within)]
    if not found:
        raise DicomWebError("no image that the presentation state refers to is here", status=404)
    return found


def _of_state(archive: Archive, state: Entry, within: Within) -> Iterator[Subject]:
    with mend():
        ds = archive.dataset(state)
        for series in items(ds, "ReferencedSeriesSequence"):
            in_series = {
                entry.instance_uid: entry
                for entry in archive.entries(state.study_uid, text(series, "SeriesInstanceUID"), within=within)
            }
            for reference in items(series, "ReferencedImageSequence"):
                entry = in_series.get(text(reference, "ReferencedSOPInstanceUID"))
                if entry is not None and entry.frames:
                    yield Subject(entry, _frames_of(reference, entry), state)


def _frames_of(reference: Dataset, entry: Entry) -> tuple[int, ...] | None:
    said = numbers(reference, "ReferencedFrameNumber").tolist()
    return tuple(int(number) - 1 for number in said if 1 <= number <= entry.frames) or None


def open_image(archive: Archive, subject: Subject) -> Image:
    """Open an image, and the presentation state that it is shown through.

    Raises
    ------
    DicomWebError
        406: the state is of a kind that cannot be applied; 500: what is stored cannot be read.
    """
    state = None
    if subject.state is not None:
        try:
            with mend():
                state = PresentationState.of(archive.dataset(subject.state))
        except DicomWebError as error:
            if error.status == 400:  # it is none, whatever its SOP class says
                raise DicomWebError(error.message, status=500) from error
            raise
    with mend():
        ds = archive.dataset(subject.entry)
    return Image.of(ds, state)


def representative_frame(ds: Dataset, frames: int) -> int:
    """Return the frame that stands for all, from 0: the one that the data set names, else the first.

    DICOM
    -----
    PS3.3 C.7.6.6 (Representative Frame Number)
    """
    said = integer(ds, "RepresentativeFrameNumber", absent=1)
    return said - 1 if 1 <= said <= frames else 0
