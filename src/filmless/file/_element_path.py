"""How a person names elements: by keyword or number, and by a path into sequences."""

import re
from typing import NamedTuple

from filmless import _core
from filmless.dataset import Tag
from filmless.errors import FormatError
from filmless.values import nearest_keyword

__all__ = ["ElementPath", "keyword_of", "path_named", "place_of", "tag_named"]

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
    FormatError
        When it is neither; with the nearest keyword as a hint.
    """
    number = _NUMBER.fullmatch(name)
    if number:
        return int(number[1] + number[2], 16)
    row = _core.dictionary_entry(name) if name.isidentifier() else None
    if row is not None:
        return int(row[0])
    nearest = nearest_keyword(name) if len(name) <= 100 else None
    raise FormatError(
        f"`{name[:100]}` is no keyword of the data dictionary, and no tag as gggg,eeee",
        hint=f"did you mean {nearest}?" if nearest else None,
    )


def path_named(text: str) -> ElementPath:
    """Take a path such as ``ReferencedStudySequence[0].ReferencedSOPInstanceUID`` apart.

    Raises
    ------
    FormatError
        When a step is none, or a step before the last names no item.
    """
    steps: list[tuple[int, int | None]] = []
    for part in text.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise FormatError(f"`{text[:100]}` is no path, expected Keyword, gggg,eeee or Sequence[0].Keyword")
        item = match["item"]
        steps.append((tag_named(match["element"]), None if item is None else int(item)))
    *before, (tag, last) = steps
    through = tuple((tag, item) for tag, item in before if item is not None)
    if len(through) < len(before):
        raise FormatError(f"`{text[:100]}` goes into a sequence without its item, expected Sequence[0].Keyword")
    return ElementPath(through, tag, last)


def keyword_of(tag: int) -> str:
    """Return the keyword of a tag, or its number."""
    entry = _core.dictionary_entry(tag)
    return entry[3] if entry and entry[3] else f"{tag >> 16:04X},{tag & 0xFFFF:04X}"


def place_of(tag: int) -> str:
    """Return a tag as errors name it: ``(0028,0010) Rows``."""
    entry = _core.dictionary_entry(tag)
    return f"{Tag(tag)} {entry[3]}" if entry and entry[3] else str(Tag(tag))
