"""A peer that an association is open to: what can be asked of it."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeVar

from filmless.dataset import Dataset
from filmless.dimse.asking import Asking, Limits
from filmless.dimse.association import Association
from filmless.dimse.driving import Window, run
from filmless.dimse.identifiers import Level, Root
from filmless.dimse.operations.store import Stored, StoreReport
from filmless.dimse.sources import Source
from filmless.dimse.steps import Operation

__all__ = ["Peer"]

_T = TypeVar("_T")


class Peer:
    """A peer, while the association to it is open. `connect` gives one.

    Notes
    -----
    What comes one by one comes through iterators: arguments are checked at once, but nothing is asked before one is
    gone through. Leaving the loop before its end tells the peer to stop (C-CANCEL). Several operations can be under way
    at a time where the peer agreed to it; others wait for their turn.

    Attributes
    ----------
    association
        Who it is, and what was negotiated.
    """

    def __init__(self, association: Association, *, window: int = 1, limits: Limits | None = None) -> None:
        self.association, self._limits = association, limits or Limits()
        link = association.link
        self._link, self._window = link, Window(window)
        self._ask = Asking(link.connection, next_id=link.next_id, window=window, limits=self._limits)

    def _run(self, operation: Operation[_T]) -> AsyncIterator[_T]:
        most = self._limits.identifier_bytes
        return run(self._link, operation, window=self._window, max_identifier_bytes=most)

    async def is_idle(self, seconds: float) -> bool:
        """Wait until all operations have ended; return whether they have."""
        return await self._window.emptied(seconds)

    async def echo(self) -> None:
        """Ask whether the peer is there (C-ECHO).

        Raises
        ------
        NetworkError
            It is not, or says no.

        DICOM
        -----
        PS3.7 9.1.5
        """
        async for _ in self._run(self._ask.echo()):
            pass

    async def store(
        self,
        sources: Source | Iterable[Source],
        *,
        progress: Callable[[Stored], None] | None = None,
        retries: int = 2,
        backoff_s: float = 1.0,
    ) -> StoreReport:
        """Store files, folders, bytes and data sets (C-STORE); what fails for a time is sent again, and only that.

        Parameters
        ----------
        sources
            Paths, bytes and data sets, one or an iterable, which is gone through in a thread, as they are sent.
        progress
            Called with each that is known to be stored or failed.
        retries, backoff_s
            How often those that failed for a time are sent again when all others are through, and how long is waited
            before; twice as long each time.

        Returns
        -------
        StoreReport
            One that fails does not stop the rest. When the association ends early, those that are left have failed as
            `unanswered`.

        Notes
        -----
        A data set goes out byte for byte as it stands in its file when the peer accepted that transfer syntax for its
        SOP class; else it is transcoded to one that it accepted, without a loss. `plan` says what to propose.

        DICOM
        -----
        PS3.7 9.1.1, PS3.4 B
        """
        report = StoreReport()
        async for one in self._run(self._ask.store(sources, retries=retries, backoff_s=backoff_s)):
            report.add(one)
            if progress is not None:
                progress(one)
        return report

    def find(
        self,
        identifier: Dataset | None = None,
        *,
        level: Level = "study",
        root: Root | None = None,
        include: str | Iterable[str] = (),
        limit: int | None = None,
        **values: Any,
    ) -> AsyncIterator[Dataset]:
        """Find patients, studies, series, images, or the items of a worklist (C-FIND).

        Parameters
        ----------
        identifier
            The question as a data set, instead of keywords.
        level
            Of what is asked for; ``"worklist"`` for scheduled procedure steps.
        root
            The information model; by default study root, and patient root where that was not accepted or patients are
            asked for.
        include
            Keywords of attributes that are wanted back, beside the common ones of the level.
        limit
            After how many the peer is told to stop.
        **values
            Matching keys by keyword: ``PatientName="DOE*"``, ``StudyDate="20260101-"``; a list for several UIDs.

        Raises
        ------
        ValueError
            There is no such level or keyword.
        DimseStatusError
            The peer fails.

        DICOM
        -----
        PS3.7 9.1.2, PS3.4 C.4.1, K.4.1
        """
        return self._run(
            self._ask.find(identifier, level=level, root=root, include=include, limit=limit, values=values)
        )
