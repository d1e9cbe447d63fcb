"""Presentation contexts: which are proposed, and which of the accepted ones an instance goes in (PS3.8 9.3.2.2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from filmless import _core
from filmless._core import NegotiatedContext, ProposedContext, RoleSelection
from filmless.dimse.operations.echo import VERIFICATION
from filmless.dimse.sources import Source, heads
from filmless.dimse.storage_classes import STORAGE_CLASSES, is_storage
from filmless.dimse.uids import (
    EXPLICIT,
    GET_MODELS,
    IMPLICIT,
    MPPS,
    PATIENT_ROOT,
    STORAGE_COMMITMENT,
    STUDY_ROOT,
    WORKLIST,
    sop_class_of,
)

__all__ = [
    "MOST",
    "Group",
    "Proposal",
    "Sendable",
    "apart",
    "everyday",
    "plan",
    "proposals_for",
    "proposed",
    "roles_for",
    "uncompressed",
]

MOST: Final = 128
"""Identifiers are odd numbers of one byte."""

UNCOMPRESSED: Final = (EXPLICIT, IMPLICIT)

_FEW: Final = 4
"""Contexts for a SOP class: with fewer, the uncompressed transfer syntaxes share one."""
_COMMON: Final = "4.70 4.90 4.91 4.50 4.80 5 4.51 4.57 4.81 1.99 4.102 4.103 4.100 4.201 4.202 4.203 4.110 4.111 4.112"
"""Transfer syntaxes, in the order of how common they are: what they begin with is left out."""

_OFTEN_COMPRESSED: Final = {
    "1.1.2": "4.70 4.80 4.90 4.91 5",  # CT, MR
    "1.1.4": "4.70 4.80 4.90 4.91 5",
    "1.1.2.1": "4.70 4.90",
    "1.1.4.1": "4.70 4.90",
    "1.1.1": "4.70 4.80 4.90 4.91",  # radiographs, mammograms, tomosynthesis
    "1.1.1.1": "4.70 4.80 4.90 4.91",
    "1.1.1.2": "4.70 4.80 4.90 4.91",
    "1.1.13.1.3": "4.70 4.90 4.91",
    "1.1.6.1": "4.50 4.70 4.90 4.91 5",  # ultrasound
    "1.1.3.1": "4.50 4.70 4.90 4.91 5",
    "1.1.12.1": "4.50 4.70 4.90",  # angiograms
    "1.1.128": "4.70 4.90",
    "1.1.7": "4.50 4.70 4.90 4.91 5",  # secondary captures
    "1.1.7.4": "4.50 4.91",
    "1.1.77.1.1": "4.50",  # endoscopes, cameras, slides
    "1.1.77.1.1.1": "4.100 4.102",
    "1.1.77.1.4": "4.50 4.91",
    "1.1.77.1.5.1": "4.50 4.91",
    "1.1.77.1.6": "4.50 4.90 4.91",
    "1.1.66.4": "5",  # segmentations
}
"""Storage classes, and the transfer syntaxes that many a peer has them in."""

Proposal: TypeAlias = tuple[str, Sequence[str]]
"""A SOP class, and the transfer syntaxes of which the peer takes one."""


class Group(NamedTuple):
    """What one association is for: the presentation contexts to propose, and the sources that they are for."""

    contexts: tuple[Proposal, ...]
    sources: tuple[Source, ...]


def uncompressed(sop_classes: Iterable[str]) -> list[Proposal]:
    """Return proposals of SOP classes, by UID or keyword, in the uncompressed transfer syntaxes.

    Raises
    ------
    ValueError
        One is no UID and no keyword of one.

    Examples
    --------
    >>> uncompressed(["CTImageStorage"])
    [('1.2.840.10008.5.1.4.1.1.2', ('1.2.840.10008.1.2.1', '1.2.840.10008.1.2'))]
    """
    return [(sop_class_of(name), UNCOMPRESSED) for name in sop_classes]


def everyday() -> list[Proposal]:
    """Return what is proposed when nothing is said: what a `Peer` has methods for, and what storage there is room for.

    A peer can send what is stored as it is only in a context of its own transfer syntax. So those that are often
    compressed have some contexts more.
    """
    services = uncompressed([VERIFICATION, *STUDY_ROOT, *PATIENT_ROOT, WORKLIST, MPPS, STORAGE_COMMITMENT])
    often = {f"1.2.840.10008.5.1.4.{end}": _syntaxes(some) for end, some in _OFTEN_COMPRESSED.items()}
    room = MOST - len(services) - sum(map(len, often.values()))
    rest = [name for name in STORAGE_CLASSES if name not in often][: room - len(often)]
    storage = [name for name in STORAGE_CLASSES if name in often or name in rest]
    return services + [
        (name, syntaxes) for name in storage for syntaxes in (UNCOMPRESSED, *((one,) for one in often.get(name, ())))
    ]


def apart(sop_classes: Iterable[str]) -> list[Proposal]:
    """Return proposals of SOP classes, by UID or keyword: those of storage in all transfer syntaxes.

    As many as there is room for are in a context of their own, so that what is stored comes and goes as it is.

    Raises
    ------
    ValueError
        One is no UID and no keyword of one.

    Examples
    --------
    >>> apart(["CTImageStorage"])[:2]
    [('1.2.840.10008.5.1.4.1.1.2', ('1.2.840.10008.1.2.1',)), ('1.2.840.10008.5.1.4.1.1.2', ('1.2.840.10008.1.2',))]
    """
    names = list(dict.fromkeys(map(sop_class_of, sop_classes)))
    storage = sum(map(is_storage, names))
    parts = _parts((MOST - len(names) + storage) // storage) if storage else []
    return [(name, part) for name in names for part in (parts if is_storage(name) else [UNCOMPRESSED])]


def _parts(room: int) -> list[tuple[str, ...]]:
    """Spread all transfer syntaxes over so many contexts, uncompressed ones first, those that are common alone."""
    # Those that no file is in, as of references and streams, come last.
    rows = sorted(_core.transfer_syntaxes(), key=lambda row: (row["codec"] == "unsupported", row["retired"]))
    every = [*UNCOMPRESSED, *dict.fromkeys([*_syntaxes(_COMMON), *(str(row["uid"]) for row in rows)])]
    parts: list[tuple[str, ...]] = [(uid,) for uid in dict.fromkeys(every)]
    if room >= len(parts):
        return parts
    if room < _FEW:
        parts[:2] = [UNCOMPRESSED]
    rest = tuple(uid for part in parts[max(1, room - 1) :] for uid in part)
    return [*parts[: max(1, room - 1)], rest][: max(1, room)]


def _syntaxes(ends: str) -> tuple[str, ...]:
    return tuple(f"1.2.840.10008.1.2.{end}" for end in ends.split())


def proposed(proposals: Sequence[Proposal]) -> list[ProposedContext]:
    """Give proposals their identifiers.

    Raises
    ------
    ValueError
        There are none, or too many.
    """
    if not 0 < len(proposals) <= MOST:
        raise ValueError(f"an association has 1 to {MOST} presentation contexts, and not {len(proposals)}")
    return [ProposedContext(2 * at + 1, name, list(syntaxes)) for at, (name, syntaxes) in enumerate(proposals)]


def roles_for(proposals: Sequence[Proposal]) -> list[RoleSelection]:
    """Return in which classes the peer is to send (PS3.7 D.3.3.4): all of storage, private too, when C-GET is."""
    names = dict.fromkeys(name for name, _ in proposals)
    if GET_MODELS.isdisjoint(names):
        return []
    return [RoleSelection(name, scu=True, scp=True) for name in names if is_storage(name)]


def plan(sources: Source | Iterable[Source], *, most: int = MOST) -> list[Group]:
    """Plan associations that sources can be stored in as they are: each has presentation contexts for its sources.

    Parameters
    ----------
    sources
        As `Peer.store` takes them. The head of each file is read.
    most
        How many presentation contexts an association may have.

    Returns
    -------
    list of Group
        One, unless more than `most` presentation contexts are needed. Give the ``contexts`` of a group to `connect`,
        and its ``sources`` to `Peer.store`.

    Notes
    -----
    There is a context for each SOP class and transfer syntax, so that what is stored can be sent as it is, and one in
    the uncompressed transfer syntaxes for each SOP class, in case that the peer does not take it so. What cannot be
    read is in the first group: `Peer.store` says why.

    DICOM
    -----
    PS3.8 9.3.2.2, PS3.5 10

    Examples
    --------
    >>> [group] = plan("slice.dcm")
    >>> group.contexts[0]
    ('1.2.840.10008.5.1.4.1.1.2', ('1.2.840.10008.1.2.1',))
    """
    syntaxes: dict[str, dict[str, None]] = {}
    found: list[tuple[Source, str | None]] = []
    for source, head in heads(sources):
        found.append((source, None if head is None else head.sop_class))
        if head is not None:
            syntaxes.setdefault(head.sop_class, {})[head.transfer_syntax] = None
    groups = proposals_for(syntaxes, most=most) or ([uncompressed([VERIFICATION])] if found else [])
    members: list[list[Source]] = [[] for _ in groups]
    place = {name: at for at, contexts in enumerate(groups) for name, _ in contexts}
    for source, sop_class in found:
        members[0 if sop_class is None else place[sop_class]].append(source)
    return [Group(tuple(contexts), tuple(some)) for contexts, some in zip(groups, members, strict=True)]


def proposals_for(
    syntaxes: Mapping[str, Iterable[str]], *, uncompressed: bool = True, most: int = MOST
) -> list[list[Proposal]]:
    """Return what to propose, for as many associations as it needs.

    Parameters
    ----------
    syntaxes
        The transfer syntaxes that instances are stored in, by SOP class.
    uncompressed
        Whether the uncompressed ones are proposed beside, in a context for each SOP class.
    most
        How many presentation contexts an association may have.
    """
    groups: list[list[Proposal]] = []
    for sop_class, stored in syntaxes.items():
        needed: list[Proposal] = [(sop_class, (syntax,)) for syntax in stored]
        rest = tuple(syntax for syntax in UNCOMPRESSED if syntax not in stored) if uncompressed else ()
        needed = needed[: most - 1] + ([(sop_class, rest)] if rest else [])
        group = next((one for one in groups if len(one) + len(needed) <= most), None)
        if group is None:
            groups.append(group := [])
        group.extend(needed)
    return groups


class Sendable:
    """The accepted contexts that we may send instances in, by SOP class and transfer syntax."""

    def __init__(self, contexts: Iterable[NegotiatedContext]) -> None:
        self._ids: dict[str, dict[str, int]] = {}
        for context in contexts:
            if context.scu:
                self._ids.setdefault(context.abstract_syntax, {}).setdefault(context.transfer_syntax, context.id)

    def context_for(self, sop_class: str, transfer_syntax: str) -> int | None:
        """Return the context for instances of a SOP class as they are stored; None without one."""
        return self._ids.get(sop_class, {}).get(transfer_syntax)

    def syntaxes_for(self, sop_class: str) -> list[str]:
        """Return in which transfer syntaxes the peer takes a SOP class, the uncompressed ones first."""
        found = self._ids.get(sop_class, {})
        return sorted(
            found, key=lambda syntax: UNCOMPRESSED.index(syntax) if syntax in UNCOMPRESSED else len(UNCOMPRESSED)
        )
