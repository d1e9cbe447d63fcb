"""What instances were before they were edited: listed, and put back, an edit at a time."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Final, NamedTuple

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.levels import LEVELS
from filmless.archive.upkeep.exchanging import draft_of_stored, exchanging
from filmless.dataset import Dataset
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file import read
from filmless.file._element_path import keyword_of

__all__ = [
    "PATIENT",
    "Original",
    "dataset_of",
    "last_edit",
    "original_named",
    "originals",
    "require_one_patient",
    "restore_originals",
    "same_edit",
]

PATIENT: Final = frozenset({0x0010_0010, 0x0010_0020, 0x0010_0021, 0x0010_0030})
"""What a person is known by: name, Patient ID and its issuer, birth date."""

_LABELS: Final = (LEVELS["patient"] | LEVELS["study"]) - {0x0010_4000}


class Original(NamedTuple):
    """A file that an instance was before."""

    study_uid: str
    instance_uid: str
    size: int
    sha256: str
    location: str
    edited: str = ""  # when the edit was that it is kept for, a DT; empty where the current instance does not tell
    changed: tuple[str, ...] = ()  # keywords of what that edit changed, or of what is different now
    current_study_uid: str = ""  # empty when the instance is deleted


def originals(archive: Archive, *, instance_uid: str | None = None) -> Iterator[Original]:
    """Go through what instances were before they were edited or replaced, by reading the heads of their files."""
    for stored in archive.storage.files("originals"):
        try:
            was = dataset_of(archive, stored.location)
        except (DicomError, OSError):  # `verify` tells of it
            continue
        study, instance = str(was.get("StudyInstanceUID") or ""), str(was.get("SOPInstanceUID") or "")
        if instance_uid in (None, instance):
            found = Original(study, instance, stored.size, stored.sha256, stored.location)
            yield _with_edit(archive, found, was)


def original_named(archive: Archive, name: str) -> Original:
    """Return an original by the beginning of its SHA-256, or by its SOP Instance UID when it is the only one.

    Raises
    ------
    NotFoundError
        There is none, or more than one.
    """
    found = [
        original
        for original in originals(archive)
        if name == original.instance_uid or (len(name) >= 8 and original.sha256.startswith(name))
    ]
    if len({original.sha256 for original in found}) != 1:
        many = "more than one original is called that" if found else "there is no such original"
        raise NotFoundError(many, hint="name one by the beginning of its SHA-256")
    return found[0]


def same_edit(archive: Archive, original: Original) -> list[Original]:
    """Return all originals that are kept for the edit that an original is kept for, whatever study they are of."""
    if not original.edited:
        return [original]
    return [other for other in originals(archive) if other.edited == original.edited]


def last_edit(archive: Archive, study_uid: str) -> list[Original]:
    """Return the originals of a study that are kept for its last edit that is not undone.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = [one for one in originals(archive) if one.edited and study_uid in (one.study_uid, one.current_study_uid)]
    last = max((original.edited for original in found), default="")
    if not last:
        raise NotFoundError("the study has no edit that can be undone", hint="`filmless archive originals` lists them")
    return [original for original in found if original.edited == last]


def restore_originals(archive: Archive, wanted: Iterable[Original]) -> int:
    """Make instances what they were, all in one transaction; what they are now is put among the originals.

    Parameters
    ----------
    archive
        The archive.
    wanted
        Originals, no two of one instance; `same_edit` gives those that belong together. Of instances that are deleted
        nothing comes back.

    Returns
    -------
    int
        How many instances are what they were.

    Raises
    ------
    NotFoundError
        All of the instances are deleted.
    ArchiveError
        A study would be of two patients: it has instances that are not among these, and differ.

    DICOM
    -----
    PS3.3 C.12.1.1.9.2
    """
    found = {one.instance_uid: (one, archive.index.find(one.instance_uid)) for one in wanted}
    pairs = [(original, entry) for original, entry in found.values() if entry is not None]
    if not pairs:
        raise NotFoundError("the instance is deleted", hint="export its original, and import it")
    require_one_patient(archive, [(entry, dataset_of(archive, original.location)) for original, entry in pairs])
    with ExitStack() as drafts, exchanging(archive, [entry for _, entry in pairs]) as exchanges:
        for original, entry in pairs:
            draft = drafts.enter_context(draft_of_stored(archive, original.location, original.sha256))
            exchanges.put(entry, draft)
    locations = [original.location for original, _ in pairs]
    archive.storage.trash(locations)
    archive.storage.purge(locations)
    return len(pairs)


def require_one_patient(
    archive: Archive, changes: Iterable[tuple[Entry, Dataset]], *, labels: frozenset[int] = _LABELS
) -> None:
    """Refuse to give instances other attributes of patient and study than the rest of their study has.

    The index has them once for each study, and who may see it is told by them.
    """
    by_study: dict[str, dict[str, tuple[Dataset, frozenset[int]]]] = {}
    for entry, new in changes:
        # What stays as it is in an instance makes no difference between it and the others that was not there.
        now = archive.dataset(entry)
        tags = frozenset(tag for tag in labels if _text(now, tag) != _text(new, tag))
        by_study.setdefault(str(new.get("StudyInstanceUID") or ""), {})[entry.instance_uid] = new, tags
    for study, given in by_study.items():
        tags = frozenset().union(*(tags for _, tags in given.values()))
        others = [entry for entry in archive.entries(study) if entry.instance_uid not in given] if tags else []
        new = next(iter(given.values()))[0]
        if any(_text(archive.dataset(entry), tag) != _text(new, tag) for entry in others for tag in tags):
            raise ArchiveError(
                "attributes of a patient or study would be those of some of its instances",
                hint="its other instances say otherwise: `filmless archive edit --study UID` sets them in all",
            )


def dataset_of(archive: Archive, location: str) -> Dataset:
    """Read a file that is no current instance."""
    path = archive.storage.path(location)
    return read(path if path is not None else archive.storage.read(location))


def _with_edit(archive: Archive, original: Original, was: Dataset) -> Original:
    entry = archive.index.find(original.instance_uid)
    if entry is None:
        return original
    try:
        now = archive.dataset(entry)
    except (DicomError, OSError):
        return original._replace(current_study_uid=entry.study_uid)
    before, history = _history(was), _history(now)
    moments = [str(item.get("AttributeModificationDateTime") or "") for item in history]
    # The item that the current instance has behind those of the original is of the edit that made it an original.
    number = len(before)
    known = [str(item.get("AttributeModificationDateTime") or "") for item in before]
    if number < len(history) and moments[:number] == known:
        return original._replace(
            edited=moments[number], changed=_changed(history[number]), current_study_uid=entry.study_uid
        )
    tags = sorted(tag for tag in was.keys() | now.keys() if _text(was, tag) != _text(now, tag))
    changed = tuple(keyword_of(tag) for tag in tags if tag != 0x0400_0561)
    return original._replace(changed=changed, current_study_uid=entry.study_uid)


def _history(dataset: Dataset) -> list[Dataset]:
    return list(dataset.get("OriginalAttributesSequence") or [])


def _changed(item: Dataset) -> tuple[str, ...]:
    tags = {tag for was in item.get("ModifiedAttributesSequence") or () for tag in was.keys()}  # noqa: SIM118
    tags |= {int(one.SelectorAttribute) for one in item.get("NonconformingModifiedAttributesSequence") or ()}
    return tuple(keyword_of(tag) for tag in sorted(tags) if tag != 0x0008_0005)


def _text(dataset: Dataset, tag: int) -> object:
    """Return what an element says, whatever character set it is in; of bulk data its length."""
    if tag not in dataset:
        return None
    element = dataset[tag]
    if element.is_bulk:
        return element.VR, element.length
    return element.text if element.VR != "SQ" else element.value
