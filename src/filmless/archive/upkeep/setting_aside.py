"""What was set aside because its UID was there: shown, and settled by a person."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from filmless.archive.archive import Archive
from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Conflict
from filmless.archive.upkeep.deleting import drop_conflict
from filmless.archive.upkeep.exchanging import draft_of_stored, exchange, keep_copy
from filmless.archive.upkeep.originals import PATIENT, dataset_of, require_one_patient
from filmless.dataset import DataElement, Dataset
from filmless.errors import ArchiveError, NotFoundError
from filmless.file._element_path import keyword_of

__all__ = ["Difference", "conflict_named", "differences", "resolve"]

_MOST = 1000


class Difference(NamedTuple):
    """An element that differs; the texts are values of a patient, for a person's eyes."""

    path: str  # keywords, items in brackets
    current: str | None  # None where it is absent
    other: str | None


def conflict_named(archive: Archive, name: str) -> Conflict:
    """Return a conflict by its number, by the beginning of its SHA-256, or by its SOP Instance UID when it has one.

    Raises
    ------
    NotFoundError
        There is none, or more than one.
    """
    found = [
        conflict
        for conflict in archive.index.conflicts()
        if name in (str(conflict.id), conflict.instance_uid) or (len(name) >= 8 and conflict.sha256.startswith(name))
    ]
    if len(found) != 1:
        many = "more than one conflict is called that" if found else "there is no such conflict"
        raise NotFoundError(many, hint="`filmless archive conflicts` lists them; name one by its number")
    return found[0]


def differences(archive: Archive, conflict: Conflict) -> list[Difference]:
    """Compare what was set aside with the instance that is current; of very many the first thousand.

    Raises
    ------
    NotFoundError
        There is no current instance any more, or a file is not there.
    """
    entry = archive.index.find(conflict.instance_uid)
    if entry is None:
        raise NotFoundError("the instance that was there is deleted", hint="take what was set aside, or drop it")
    other = dataset_of(archive, conflict.location)
    found: list[Difference] = []
    for difference in _different(archive.dataset(entry), other, ""):
        found.append(difference)
        if len(found) == _MOST:
            break
    return found


def resolve(archive: Archive, conflict: Conflict, *, how: Literal["keep", "take", "drop"]) -> None:
    """Settle a conflict.

    Parameters
    ----------
    archive
        The archive.
    conflict
        What was set aside.
    how
        ``"keep"``: the current instance stays, and the other is put among the originals; ``"take"``: the other becomes
        current, and what was current is put among the originals; ``"drop"``: the other is deleted for good.

    Raises
    ------
    NotFoundError
        It was settled in the meantime.
    ArchiveError
        It is of another patient than the rest of the study, and would be taken.
    """
    if how not in ("keep", "take", "drop"):
        raise ValueError("`how` is 'keep', 'take' or 'drop'")
    with failing_as_archive("the conflict cannot be settled"):
        if conflict not in archive.index.conflicts(conflict.instance_uid):
            raise NotFoundError("the conflict is settled already")
        if how == "keep":
            keep_copy(archive, conflict.location, conflict.sha256, "originals")
        elif how == "take":
            _take(archive, conflict)
        # Who sends the same again meanwhile is not to find it on its way out, and be told that it is kept.
        with archive.holding([conflict.instance_uid]):
            drop_conflict(archive, conflict)


def _take(archive: Archive, conflict: Conflict) -> None:
    entry = archive.index.find(conflict.instance_uid)
    if entry is not None:
        other = dataset_of(archive, conflict.location)
        require_one_patient(archive, [(entry, other)], labels=PATIENT)
    with draft_of_stored(archive, conflict.location, conflict.sha256) as draft:
        if entry is not None:
            exchange(archive, entry, draft)
            return
        with archive.receive(draft) as incoming:
            kind = incoming.submit().result().kind
    if kind == "quarantined":
        raise ArchiveError("the instance came back in the meantime", hint="try again")


def _different(left: Dataset, right: Dataset, path: str) -> Iterator[Difference]:
    for tag in sorted(left.keys() | right.keys()):
        place = f"{path}{keyword_of(tag)}"
        one, other = (ds[tag] if tag in ds else None for ds in (left, right))  # noqa: SIM401 - `get` gives the value
        if one is None or other is None:
            yield Difference(place, _shown(one), _shown(other))
        elif one.VR == other.VR == "SQ":
            yield from _different_items(list(one.value), list(other.value), place)
        elif one != other and not (one.is_bulk and other.is_bulk and one.raw == other.raw):
            yield Difference(place, _shown(one), _shown(other))


def _different_items(left: list[Dataset], right: list[Dataset], place: str) -> Iterator[Difference]:
    for number in range(max(len(left), len(right))):
        if number < len(left) and number < len(right):
            yield from _different(left[number], right[number], f"{place}[{number}].")
        else:
            shown = ["an item" if number < len(items) else None for items in (left, right)]
            yield Difference(f"{place}[{number}]", *shown)


def _shown(element: DataElement | None) -> str | None:
    if element is None:
        return None
    if element.text is None or element.VR == "SQ":
        return f"{element.VR}, {element.length} bytes"
    return element.text if len(element.text) <= 100 else f"{element.text[:99]}…"
