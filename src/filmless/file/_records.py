"""How the records of a DICOMDIR hang together: by their offsets or, where those are wrong, by their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from filmless.dataset import Dataset, Finding

FIRST_RECORD = 0x00041200
NEXT_RECORD = 0x00041400
RECORD_IN_USE = 0x00041410
LOWER_LEVEL = 0x00041420
RECORD_TYPE = 0x00041430
#: Multi-referenced file directory record (retired): it holds the File ID for others, and has no place in the tree.
MULTI_REFERENCED = "MRDR"

#: Records that have others below them, by level; what else there is lies below the last one or, of `_ROOTS`, beside it.
_LEVELS = {"PATIENT": 0, "STUDY": 1, "SERIES": 2}
_ROOTS = {"HANGING PROTOCOL", "PALETTE", "IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP", "INVENTORY", "TOPIC"}
#: PS3.3 Table F.4-1 has four levels.
_DEEPEST = 16


@dataclass
class Arrangement:
    """Records by their position in the DICOMDIR: those of the root, and those below each."""

    roots: list[int]
    children: list[list[int]]
    findings: list[Finding] = field(default_factory=list)


class _WrongLinkError(Exception):
    """An offset at which there is no record, or one that was met before."""

    def __init__(self, tag: int, offset: int) -> None:
        super().__init__(tag, offset)
        self.tag, self.offset = tag, offset


def kind_of(record: Dataset) -> str:
    """Return the type of a record, in capitals; empty when it has none."""
    value = record.get("DirectoryRecordType")
    return value.strip().upper() if isinstance(value, str) else ""


def arrange(dicomdir: Dataset, items: list[Dataset]) -> Arrangement:
    """Find the place of each record in the tree.

    The offsets count from the start of the file to the items (PS3.3 F.2.2). Programs that rewrite a DICOMDIR without
    adjusting them are common: all of them are then wrong by the same number of bytes, or by any.
    """
    kinds = [kind_of(item) for item in items]
    used = [at for at in _used(items) if kinds[at] != MULTI_REFERENCED]
    starts = [item._offset or 0 for item in items]  # noqa: SLF001
    first = _number(dicomdir, FIRST_RECORD)
    shift = _shift(first, items, starts)
    links = _Links(items, starts, shift)
    try:
        links.follow(first)
        unlinked = links.follow_rest(sorted(used, key=lambda at: (_level(kinds[at]), at)))
    except _WrongLinkError as wrong:
        message = (
            "an offset leads to no directory record, or to one that has its place: the order of the records was used"
        )
        return _by_order(kinds, used, Finding("record-link-wrong", wrong.tag, wrong.offset, message))
    if any(_level(kinds[at]) for at in unlinked) and any(
        kinds[at] in _LEVELS and not links.children[at] for at in used
    ):
        message = "directory records are not linked by offsets: the order of the records was used"
        return _by_order(kinds, used, Finding("record-unlinked", None, starts[unlinked[0]], message))
    found = Arrangement(_only(links.roots, set(used)), [_only(below, set(used)) for below in links.children])
    if shift:
        message = "the offsets of all directory records are wrong by the same number of bytes"
        found.findings.append(Finding("record-offset-shifted", FIRST_RECORD, min(starts), message))
    message = "no offset leads to this directory record: it was put at the root"
    found.findings += [Finding("record-unlinked", None, starts[at], message) for at in unlinked]
    return found


def _only(positions: list[int], used: set[int]) -> list[int]:
    return [at for at in positions if at in used]


def _number(record: Dataset, tag: int) -> int:
    element = record.get(tag)
    return element.value if element is not None and isinstance(element.value, int) else 0


def _level(kind: str) -> int:
    return _LEVELS.get(kind, 0 if kind in _ROOTS else len(_LEVELS))


def _used(items: list[Dataset]) -> list[int]:
    """Positions of the records in use: 0 says that one is not, unless a writer left 0 everywhere."""
    unused = {at for at, item in enumerate(items) if RECORD_IN_USE in item and _number(item, RECORD_IN_USE) == 0}
    return [at for at in range(len(items)) if at not in unused or len(unused) == len(items)]


def _shift(first: int, items: list[Dataset], starts: list[int]) -> int:
    """How many bytes the records lie behind where the offsets say, when that is the same for all."""
    offsets = {first, *(_number(item, tag) for item in items for tag in (NEXT_RECORD, LOWER_LEVEL))} - {0}
    if not offsets or not starts or offsets <= set(starts):
        return 0
    shift = min(starts) - min(offsets)
    return shift if {offset + shift for offset in offsets} <= set(starts) else 0


class _Links:
    """Records as the offsets link them; no record has two places."""

    def __init__(self, items: list[Dataset], starts: list[int], shift: int) -> None:
        self.roots: list[int] = []
        self.children: list[list[int]] = [[] for _ in items]
        self._items, self._starts = items, starts
        self._positions = {start - shift: at for at, start in enumerate(starts)}
        self._seen: set[int] = set()

    def follow(self, first: int) -> None:
        """Take up the tree that begins with the record at an offset."""
        self.roots = self._entity(first, FIRST_RECORD, 0)
        self._descend(self.roots)

    def follow_rest(self, order: Iterable[int]) -> list[int]:
        """Take up the records that nothing led to, and what is below them; return their positions."""
        rest = []
        for at in order:
            if at not in self._seen:
                self._seen.add(at)
                self._descend([at])
                rest.append(at)
        self.roots += rest
        return rest

    def _entity(self, offset: int, tag: int, holder: int) -> list[int]:
        """Positions of the records of a directory entity: the first one and those that follow each other."""
        members: list[int] = []
        while offset:
            at = self._positions.get(offset)
            if at is None or at in self._seen:
                raise _WrongLinkError(tag, holder)
            self._seen.add(at)
            members.append(at)
            offset, tag, holder = _number(self._items[at], NEXT_RECORD), NEXT_RECORD, self._starts[at]
        return members

    def _descend(self, level: list[int]) -> None:
        for _ in range(_DEEPEST):
            for at in level:
                self.children[at] = self._entity(_number(self._items[at], LOWER_LEVEL), LOWER_LEVEL, self._starts[at])
            level = [below for at in level for below in self.children[at]]
            if not level:
                return
        raise _WrongLinkError(LOWER_LEVEL, self._starts[level[0]])


def _by_order(kinds: list[str], used: Iterable[int], finding: Finding) -> Arrangement:
    """Put each record below the last one of a higher level."""
    found = Arrangement([], [[] for _ in kinds], [finding])
    above: list[tuple[int, int]] = []
    for at in used:
        level = _level(kinds[at])
        while above and above[-1][0] >= level:
            above.pop()
        (found.children[above[-1][1]] if above else found.roots).append(at)
        above.append((level, at))
    return found
