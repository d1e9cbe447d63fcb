"""Another archive that is looked at by way of this one: its studies are listed, and fetched when they are opened."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from filmless.archive.index.study_list import ListedStudy, StudyList

__all__ = ["Afar", "Fetched", "Found"]


class Fetched(NamedTuple):
    """How far a study is that is being fetched."""

    instances: int  # that are here
    of: int  # 0: nobody knows yet


class Found(NamedTuple):
    """Studies of another archive."""

    studies: Sequence[ListedStudy]
    is_whole: bool  # else there are more, which it was not asked for


class Afar(Protocol):
    """Another archive.

    Attributes
    ----------
    name
        Where it is, for people.
    """

    name: str

    def studies(self, wanted: StudyList) -> Found:
        """Return its studies, in the order that is wanted. Blocks.

        Raises
        ------
        DicomWebError
            502: it does not answer, or refuses.
        """

    def fetch(self, study_uid: str, *, wait_s: float = 1.0) -> Fetched | None:
        """Have a study here: begin to fetch what is not, wait a moment, and return how far it is; None when it is here.

        Raises
        ------
        DicomWebError
            Fetching failed: 404 when there is no such study, 507 when there is no room, else 502. The next call begins
            again.
        """
