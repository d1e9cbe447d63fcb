"""Attributes and values as a person gives them to a search: of an archive, and of a service in the network."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from filmless import _core
from filmless.errors import FormatError
from filmless.file._element_path import tag_named

__all__ = ["included", "listed", "path_named", "paths_of", "text_of"]

_DEEPEST: Final = 8  # sequences


def path_named(name: str) -> tuple[int, ...]:
    """Return the tags of a keyword, of a number as gggg,eeee, or of several with dots between them.

    Raises
    ------
    FormatError
        It is none; with the nearest keyword as a hint.

    Examples
    --------
    >>> path_named("PatientName")
    (1048592,)
    """
    steps = name.split(".")
    if len(steps) > _DEEPEST:
        raise FormatError(f"a path of more than {_DEEPEST} steps")
    return tuple(int(tag_named(step)) for step in steps)


def paths_of(values: Mapping[str, Any]) -> dict[tuple[int, ...], Any]:
    """Return keyword arguments by their paths.

    Raises
    ------
    ValueError
        One is no keyword of the data dictionary: to leave it out would find everybody.
    """
    return {_argument(name): value for name, value in values.items()}


def included(include: str | Iterable[str]) -> list[tuple[int, ...] | None]:
    """Return the paths of attributes to return; None in the place of ``all``.

    Raises
    ------
    ValueError
        One is no keyword of the data dictionary.
    """
    names = [include] if isinstance(include, str) else include
    return [None if name == "all" else _argument(name) for name in names]


def text_of(value: Any, *, between: str = "\\") -> str:
    r"""Return the text that a value is matched by: a text as it is, dates and times as DICOM has them, lists joined.

    Parameters
    ----------
    value
        A text, a number, a date, a time, or several.
    between
        What stands between those of a list.

    Raises
    ------
    ValueError
        There is no value: an empty text is the one that matches everything.

    Examples
    --------
    >>> text_of(["CT", "MR"])
    'CT\\MR'
    >>> text_of(date(2026, 1, 31))
    '20260131'
    """
    if isinstance(value, list | tuple | set | frozenset):
        if not value:
            raise ValueError("a list of values is empty")
        return between.join(text_of(one) for one in value)
    if value is None:
        raise ValueError("None is no value: leave the keyword out, or give an empty text")
    if isinstance(value, datetime):
        return f"{value:%Y%m%d%H%M%S}"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    return f"{value:%H%M%S}" if isinstance(value, time) else str(value)


def listed(path: tuple[int, ...], text: str) -> str:
    """Return the text of a key with its list as DICOM has it.

    No UID and no code string holds a comma: DICOMweb has lists of UIDs with commas, and viewers ask for
    ``ModalitiesInStudy=CT,MR``.
    """
    row = _core.dictionary_entry(path[-1])
    return text.replace(",", "\\") if row is not None and row[1] in {"UI", "CS"} else text


def _argument(name: str) -> tuple[int, ...]:
    try:
        return path_named(name)
    except FormatError as error:
        raise ValueError(f"{error.message}{f' ({error.hint})' if error.hint else ''}") from None
