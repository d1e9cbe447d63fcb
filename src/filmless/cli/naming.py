"""How a person names elements: by keyword or number, and by a path into sequences."""

import re
from typing import NamedTuple

from filmless import _core
from filmless.cli.reporting import Misuse
from filmless.values import nearest_keyword

__all__ = ["Step", "steps_named", "tag_named"]

_NUMBER = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_STEP = re.compile(r"(?P<element>[^\[\]]+)(?:\[(?P<item>\d{1,9})\])?")


class Step(NamedTuple):
    """One step of a path: an element, and the item to go into when there is one."""

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


def steps_named(path: str) -> list[Step]:
    """Return the steps of a path such as ``ReferencedStudySequence[0].ReferencedSOPInstanceUID``.

    Raises
    ------
    Misuse
        When a step is none, or a step before the last names no item.
    """
    steps = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise Misuse(f"`{path}` is no path, expected Keyword, gggg,eeee or Sequence[0].Keyword")
        item = match["item"]
        steps.append(Step(tag_named(match["element"]), None if item is None else int(item)))
    if any(step.item is None for step in steps[:-1]):
        raise Misuse(f"`{path}` goes into a sequence without its item, expected Sequence[0].Keyword")
    return steps
