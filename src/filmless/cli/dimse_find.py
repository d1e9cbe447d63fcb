"""Searching at an application entity: level by level, since hierarchical queries are what each has to know."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from filmless import _core
from filmless.cli.reporting import Failure, Misuse
from filmless.dataset import Dataset
from filmless.errors import LocalProtocolError

if TYPE_CHECKING:
    from filmless.cli.entity import Entity
    from filmless.dimse import BlockingPeer

__all__ = ["search_entity", "search_peer"]

_ORDER: Final = ("study", "series", "instance")
_UIDS: Final = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "instance": "SOPInstanceUID"}
_LEVELS: Final = {"instance": "image"}
_NAMES: Final = {
    "patient": "patients",
    "study": "studies",
    "series": "series",
    "instance": "instances",
    "worklist": "a worklist",
}
_OF_STUDY: Final = frozenset({"ModalitiesInStudy", "SOPClassesInStudy"})


@contextmanager
def search_entity(
    entity: "Entity", level: str, values: dict[str, str], *, include: tuple[str, ...] = (), limit: int | None = None
) -> Iterator[Iterator[Dataset]]:
    """Search, while ``with`` lasts; the arguments are those of `search_peer`."""
    from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT, WORKLIST

    with entity.connected(sop_classes=[STUDY_ROOT[0], PATIENT_ROOT[0], WORKLIST]) as peer:
        yield search_peer(peer, level, values, include=include, limit=limit)


def search_peer(
    peer: "BlockingPeer",
    level: str,
    values: dict[str, str],
    *,
    include: tuple[str, ...] = (),
    limit: int | None = None,
) -> Iterator[Dataset]:
    """Search at a level.

    Parameters
    ----------
    peer
        Of an open association.
    level
        Patient, study, series, instance or worklist.
    values
        Matching keys by keyword.
    include
        More attributes that are wanted back.
    limit
        After how many the peer is told to stop.

    Notes
    -----
    A peer need not find series beyond one study: without its UID studies are sought first, by those keys that are of
    a study or patient.
    """
    if level not in _ORDER or level == "study":
        yield from _find(peer, level, values, include=include, limit=limit)
        return
    left = limit
    for above in list(_above(peer, level, values)):
        own = above | {name: value for name, value in values.items() if _is_of(name, level)}
        for ds in _find(peer, level, own, include=include, limit=left):
            for name, uid in above.items():
                if not ds.get(name):
                    setattr(ds, name, uid)
            yield ds
            left = None if left is None else left - 1
        if left == 0:
            return


def _above(peer: "BlockingPeer", level: str, values: dict[str, str]) -> Iterator[dict[str, str]]:
    """Give the UIDs of the studies, or of the series, that are searched in."""
    from filmless.file.uid_grammar import is_uid

    higher = _ORDER[: _ORDER.index(level)]
    uids = {_UIDS[one]: values.get(_UIDS[one]) for one in higher}
    others = [name for name in values if name not in uids and not _is_of(name, level)]
    if not others and all(is_uid(uid) for uid in uids.values()):
        yield {name: str(uid) for name, uid in uids.items()}
        return
    last = higher[-1]
    own = {name: value for name, value in values.items() if not _is_of(name, level)}
    for ds in search_peer(peer, last, own):
        found = {name: str(ds.get(name) or "") for name in uids}
        if all(map(is_uid, found.values())):
            yield found


def _is_of(name: str, level: str) -> bool:
    """Whether a key is sought at this level or a lower one: one that no level is known for may be anywhere."""
    from filmless.archive.levels import LEVEL_OF, ORDER

    first = name.partition(".")[0]
    row = _core.dictionary_entry(first)
    found = "study" if first in _OF_STUDY else LEVEL_OF.get(row[0], "instance") if row else "instance"
    return ORDER.index(found) >= ORDER.index(level)


def _find(peer: "BlockingPeer", level: str, values: dict[str, str], **options: Any) -> Iterator[Dataset]:
    try:
        return peer.find(level=_LEVELS.get(level, level), **options, **values)  # type: ignore[arg-type]
    except LocalProtocolError:
        raise Failure(f"the peer has no search for {_NAMES[level]}") from None
    except ValueError as error:
        raise Misuse(f"{error}") from None
