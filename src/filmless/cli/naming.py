"""How a person names elements: by keyword or number, and by a path into sequences."""

import re
from typing import NamedTuple

from filmless import _core
from filmless.cli.reporting import Misuse
from filmless.values import nearest_keyword

__all__ = ["ElementPath", "path_named", "tag_named"]

_NUMBER = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_STEP = re.compile(r"(?P<element>[^\[\]]+)(?:\[(?P<item>\d{1,9})\])?")


class ElementPath(NamedTuple):
    """Where an element is: the sequences and items to go through, its tag, and its item when that is what is meant."""

    through: tuple[tuple[int, int], ...]
    tag: int
    item: int | None


def tag_named(name: str) -> int:
    """Return the tag of a keyword or of a number as gggg,eeee.

    Raises
    ------
    Misuse
        When it is neither; with the nearest keyword as a hint.
    """
    number = _NUMBER.fullmatch(name)
    if number:
        return int(number[1] + number[2], 16)
    row = _core.dictionary_entry(name) if name.isidentifier() else None
    if row is not None:
        return int(row[0])
    nearest = nearest_keyword(name)
    raise Misuse(
        f"`{name}` is no keyword of the data dictionary, and no tag as gggg,eeee",
        f"did you mean {nearest}?" if nearest else None,
    )


def path_named(text: str) -> ElementPath:
    """Take a path such as ``ReferencedStudySequence[0].ReferencedSOPInstanceUID`` apart.

    Raises
    ------
    Misuse
        When a step is none, or a step before the last names no item.
    """
    steps: list[tuple[int, int | None]] = []
    for part in text.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise Misuse(f"`{text}` is no path, expected Keyword, gggg,eeee or Sequence[0].Keyword")
        item = match["item"]
        steps.append((tag_named(match["element"]), None if item is None else int(item)))
    *before, (tag, last) = steps
    through = tuple((tag, item) for tag, item in before if item is not None)
    if len(through) < len(before):
        raise Misuse(f"`{text}` goes into a sequence without its item, expected Sequence[0].Keyword")
    return ElementPath(through, tag, last)
