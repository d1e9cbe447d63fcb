"""What can be asked of the index, and what it answers: the one form of QIDO-RS, C-FIND and the command line."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from filmless.archive.levels import ORDER
from filmless.archive.within import EVERYTHING, Within

__all__ = ["Found", "Key", "Level", "Query", "Row"]

Level = Literal["patient", "study", "series", "instance"]

Path = tuple[int, ...]
"""Tags from the data set down: one for an attribute, more for one inside sequences."""


class Key(NamedTuple):
    """One matching key: which attribute, and the text it has to match.

    The text is as in an identifier of C-FIND: a single value, one with the wildcards ``*`` and ``?``, a range ``a-b``,
    ``-b``, ``a-`` of dates or times, a list of UIDs with backslashes between them, or nothing for any value.

    DICOM
    -----
    PS3.4 C.2.2.2, PS3.18 8.3.4

    Examples
    --------
    >>> Key((0x00100010,), "Doe*")
    Key(path=(1048592,), text='Doe*')
    >>> from filmless.archive.upkeep.selection import key_of
    >>> key_of("PatientName=Doe*")
    Key(path=(1048592,), text='Doe*')
    """

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the index.

    Attributes
    ----------
    level
        Of what the rows are.
    keys
        All of them have to match. A key of a higher level counts there: `PatientID` when series are asked for. A key of
        a lower level matches when anything below does, as Modalities in Study.
    include
        Attributes to return beside those that PS3.18 Tables 10.6.3-3 to -5 name; `include_all` for each that is known
        at the level.
    fuzzy
        Whether person names match by words that begin alike, in any order.
    limit, offset
        Which part of the rows; their order is stable.
    within
        What is in sight.
    retrieve_url
        What Retrieve URLs (0008,1190) begin with, as ``https://host/dicom-web``; without it there are none.
    """

    level: Level
    keys: tuple[Key, ...] = ()
    include: frozenset[Path] = frozenset()
    include_all: bool = False
    fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    within: Within = EVERYTHING
    retrieve_url: str | None = None

    def __post_init__(self) -> None:
        if self.level not in ORDER:
            raise ValueError(f"a level of a query is one of {', '.join(ORDER)}")
        if not all(isinstance(tag, int) for path in (*(key.path for key in self.keys), *self.include) for tag in path):
            raise ValueError("a path of a query is of tags: key_of of filmless.archive.upkeep.selection takes keywords")


class Row(NamedTuple):
    """One answer. UIDs of lower levels than the query's are empty."""

    study_uid: str
    series_uid: str
    instance_uid: str
    json: bytes  # an object of DICOM JSON (PS3.18 F), tags in ascending order


class Found(NamedTuple):
    """The answers to a query."""

    rows: list[Row]
    more: bool  # there are rows behind the limit
