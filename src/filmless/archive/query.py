"""What can be asked of the index, and what it answers: the one form of QIDO-RS, C-FIND and the command line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from filmless.archive.keywords import included, listed, path_named, paths_of, text_of
from filmless.archive.levels import ORDER
from filmless.archive.within import EVERYTHING, Within
from filmless.dataset import Dataset
from filmless.errors import FormatError

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
    >>> Key.of("PatientName=Doe*")
    Key(path=(1048592,), text='Doe*')
    """

    path: Path
    text: str

    @classmethod
    def of(cls, name: str | Path, value: Any = None) -> Self:
        """Return a key by keywords: from ``Keyword=value``, or from a path and its value.

        Parameters
        ----------
        name
            ``Keyword=value`` when it is alone; else a keyword or tags. Items of sequences are named by keywords with
            dots between them.
        value
            A text, a date, a time, or a list of UIDs or codes.

        Raises
        ------
        FormatError
            There is no ``=``, or an element is no keyword and no tag.

        Examples
        --------
        >>> Key.of("StudyDate=-20200101").text
        '-20200101'
        >>> Key.of("RequestAttributesSequence.ScheduledProcedureStepID", "S1")
        Key(path=(4194933, 4194313), text='S1')
        """
        if value is None and isinstance(name, str):
            name, equals, value = name.partition("=")
            if not equals:  # the text is not repeated: it could be a value
                raise FormatError(
                    "a key without `=`", hint="write Keyword=value, as PatientID=1234 or StudyDate=20200101-"
                )
        path = path_named(name) if isinstance(name, str) else tuple(name)
        return cls(path, listed(path, text_of(value)))


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
    timeout_s
        How long may be sought, in seconds: what only headers can answer looks at each of them. None: as long as it
        takes.
    exact
        Whether answers have what was asked for and nothing else, as those of C-FIND, and not what PS3.18 names.
    combined
        Whether a range of dates and one of times are one range of moments; else each is a range of its own.
    stopped
        Asked while headers are looked at; when it says so, nobody waits for the answer any more.
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
    timeout_s: float | None = None
    exact: bool = False
    combined: bool = True
    stopped: Callable[[], bool] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.level not in ORDER:
            raise ValueError(f"a level of a query is one of {', '.join(ORDER)}")
        if not all(isinstance(tag, int) for path in (*(key.path for key in self.keys), *self.include) for tag in path):
            raise ValueError("a path of a query is of tags: Key.of takes keywords")

    @classmethod
    def of(
        cls,
        level: Level,
        *,
        include: str | Iterable[str] = (),
        fuzzy: bool = False,
        limit: int | None = None,
        offset: int = 0,
        within: Within = EVERYTHING,
        timeout_s: float | None = None,
        **values: Any,
    ) -> Self:
        """Return a query by keywords.

        Parameters
        ----------
        level, fuzzy, limit, offset, within, timeout_s
            See the attributes.
        include
            Keywords of attributes to return beside those of the level; ``"all"`` for each.
        **values
            Matching keys by keyword: ``PatientName="Doe*"``, ``StudyDate="20260101-"``; a list for several UIDs.

        Raises
        ------
        ValueError
            There is no such level or keyword, or a value is None.

        Examples
        --------
        >>> Query.of("study", PatientName="Doe*").keys
        (Key(path=(1048592,), text='Doe*'),)
        """
        more = included(include)
        return cls(
            level,
            tuple(Key.of(path, value) for path, value in paths_of(values).items()),
            include=frozenset(path for path in more if path is not None),
            include_all=None in more,
            fuzzy=fuzzy,
            limit=limit,
            offset=offset,
            within=within,
            timeout_s=timeout_s,
        )


class Row(NamedTuple):
    """One answer. UIDs of lower levels than the query's are empty."""

    study_uid: str
    series_uid: str
    instance_uid: str
    json: bytes  # an object of DICOM JSON (PS3.18 F), tags in ascending order

    @property
    def dataset(self) -> Dataset:
        """The attributes that were answered, made of `json` each time."""
        return Dataset.from_json(self.json)


class Found(NamedTuple):
    """The answers to a query."""

    rows: list[Row]
    more: bool  # there are rows behind the limit
