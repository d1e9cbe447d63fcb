"""What was asked for of the headers of a run, checked before any file is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from filmless.convert.content import Content, Document
from filmless.convert.header.secondary_capture import check_header, secondary_capture
from filmless.dataset import Dataset
from filmless.errors import ConversionError

__all__ = ["HeaderRules", "Origin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a content comes from.

    Parameters
    ----------
    path
        Of its file; None of what has none.
    folder
        Of its file below what was named; what ``study="folder"`` goes by.
    number
        Its place in the run in natural order, from 1: Instance Number where nothing else gives it.
    part
        Which content of its file it is, from 0.
    """

    path: str | None = None
    folder: str = ""
    number: int = 1
    part: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRules:
    """What is asked for of the headers of a run; making one checks it.

    Parameters
    ----------
    values
        By keyword; they win over all other.

    Raises
    ------
    ConversionError
        A value is wrong.
    """

    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_header(self.values)

    def data_set(self, content: Content, origin: Origin | None = None) -> Dataset:
        """Make the data set of a content, whole."""
        del origin
        if isinstance(content, Document):
            raise ConversionError(f"{content.kind} is not converted")
        return secondary_capture(content, self.values)
