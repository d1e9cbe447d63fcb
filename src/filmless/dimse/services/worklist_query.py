"""What a query to the worklist asks for: keys to match, and the attributes to answer, nested as they were asked."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Self

from filmless.archive.matching import Criteria
from filmless.archive.query import Key
from filmless.dataset import Dataset
from filmless.dimse.services.worklist_items import WorklistItem
from filmless.errors import FormatError, LimitError

__all__ = ["WorklistQuery"]

_CHARACTER_SET: Final = 0x0008_0005
_DEEPEST: Final = 8  # the Standard's items nest to four
_MOST_KEYS: Final = 1000
_LONGEST_KEY: Final = 1 << 16
_UTF8: Final = "ISO_IR 192"


class _Asked(NamedTuple):
    """An attribute to return; of a sequence with keys in it what to return of each item."""

    tag: int
    vr: str
    below: tuple["_Asked", ...]


class WorklistQuery:
    """A query: the identifier of a C-FIND of the modality worklist.

    Parameters
    ----------
    criteria
        What an item has to match.
    asked
        The attributes to return.
    character_set
        Of the identifier; empty without one.

    DICOM
    -----
    PS3.4 K.4.1.1.3, K.6.1.2
    """

    def __init__(self, criteria: Criteria, asked: tuple[_Asked, ...], character_set: str) -> None:
        self._criteria, self._asked, self._character_set = criteria, asked, character_set

    @classmethod
    def of(cls, identifier: Dataset) -> Self:
        """Make it of an identifier.

        Raises
        ------
        FormatError
            A sequence has several items, or is nested too deep; a key of a date or time is none.
        LimitError
            There are too many keys, or one is too long.
        """
        keys: list[Key] = []
        asked = tuple(_asked(identifier, (), keys, count=[0]))
        character_set = identifier[_CHARACTER_SET].text if _CHARACTER_SET in identifier else ""
        return cls(Criteria(keys), asked, character_set or "")

    def matching(self, items: Iterable[WorklistItem]) -> list[WorklistItem]:
        """Return the items that match, in the order in which they start."""
        return sorted((item for item in items if self._criteria.accept(item.attributes)), key=lambda item: item.starts)

    def answers(self, items: Iterable[WorklistItem]) -> list[Dataset]:
        """Return what is asked for of items; what one does not have is empty."""
        return [self._answer(item) for item in items]

    def _answer(self, item: WorklistItem) -> Dataset:
        answer = _part(item.dataset, self._asked)
        # Texts stay in the item's own character set: who planned it knows what the modality can show. What is in UTF-8,
        # as all that came by JSON, goes in the one of who asks; the encoder goes back to UTF-8 where that has no room.
        own = str(item.dataset.get("SpecificCharacterSet") or "")
        if (not own or own == _UTF8) and self._character_set:
            answer.add_new(_CHARACTER_SET, "CS", self._character_set.split("\\"))
        elif own:
            answer[_CHARACTER_SET] = item.dataset[_CHARACTER_SET]
        return answer


def _asked(ds: Dataset, above: tuple[int, ...], keys: list[Key], *, count: list[int]) -> Iterator[_Asked]:
    if len(above) >= _DEEPEST:
        raise FormatError(f"sequences in the identifier are nested deeper than {_DEEPEST}")
    for element in ds:
        tag, vr = int(element.tag), element.VR
        if tag == _CHARACTER_SET or not tag & 0xFFFF:
            continue
        count[0] += 1
        if count[0] > _MOST_KEYS:
            raise LimitError(f"the identifier has more than {_MOST_KEYS} keys", limit="keys", value=_MOST_KEYS)
        path = (*above, tag)
        if vr != "SQ":
            if element.length > _LONGEST_KEY:
                raise LimitError(f"a key of more than {_LONGEST_KEY} bytes", limit="key", value=_LONGEST_KEY, tag=tag)
            keys.append(Key(path, _text(element)))
            yield _Asked(tag, vr, ())
            continue
        if len(element.value) > 1:  # before anything is made of them
            raise FormatError("a sequence of the identifier has several items, expected one or none", tag=tag)
        # An item without a key asks for all of the sequence, as a sequence without an item does (PS3.4 C.2.2.2.6).
        below = tuple(_asked(element.value[0], path, keys, count=count)) if element.value else ()
        yield _Asked(tag, vr, below)


def _text(element: Any) -> str:
    """Return a key as the text that it is matched by."""
    if element.text is not None:
        return str(element.text)
    value = element.value
    if value is None or isinstance(value, bytes):
        return ""
    return "\\".join(map(str, value)) if isinstance(value, list) else str(value)


def _part(ds: Dataset, asked: Iterable[_Asked]) -> Dataset:
    part = Dataset()
    for tag, vr, below in asked:
        element = ds.get(tag)
        if element is None:
            part.add_new(tag, vr, [] if vr == "SQ" else None)
        elif below and element.VR == "SQ":
            part.add_new(tag, "SQ", [_part(item, below) for item in element.value])
        else:
            part[tag] = element
    return part
