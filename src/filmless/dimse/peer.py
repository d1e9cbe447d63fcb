"""A peer that an association is open to: what can be asked of it."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any, TypeVar

from filmless.dataset import Dataset
from filmless.dimse.asking import Asking, Into, Limits
from filmless.dimse.association import Association
from filmless.dimse.driving import Window, run
from filmless.dimse.identifiers import Level, Root
from filmless.dimse.operations.normalized import Answer, EventReport, event_reports
from filmless.dimse.operations.retrieving import SubOperations
from filmless.dimse.operations.store import Stored, StoreReport
from filmless.dimse.sources import Source
from filmless.dimse.steps import Operation
from filmless.file import generate_uid

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

    def __init__(self, association: Association, *, window: Window, limits: Limits) -> None:
        self.association, self._limits = association, limits
        link = association.link
        self._link, self._window = link, window
        self._ask = Asking(link.connection, next_id=link.next_id, window=window.size, limits=limits)

    def _run(self, operation: Operation[_T]) -> AsyncGenerator[_T, None]:
        limits = self._limits
        return run(
            self._link,
            operation,
            window=self._window,
            max_identifier_bytes=limits.identifier_bytes,
            max_instance_bytes=limits.instance_bytes,
        )

    async def _only(self, operation: Operation[_T]) -> _T:
        given = [one async for one in self._run(operation)]
        return given[-1]

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
        await self._only(self._ask.echo())

    async def store(
        self,
        sources: Source | Iterable[Source],
        *,
        progress: Callable[[Stored], None] | None = None,
        retries: int = 2,
        backoff_s: float = 1.0,
    ) -> StoreReport[Stored]:
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
        report = StoreReport[Stored]()
        async with aclosing(self._run(self._ask.store(sources, retries=retries, backoff_s=backoff_s))) as results:
            async for one in results:
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
    ) -> AsyncGenerator[Dataset, None]:
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

    def get(
        self,
        what: str | Dataset,
        series: str | None = None,
        instance: str | None = None,
        *,
        into: Into | None = None,
        root: Root | None = None,
        progress: Callable[[SubOperations], None] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Have a study, series or instance sent here (C-GET).

        Parameters
        ----------
        what
            The Study Instance UID, or the whole identifier as a data set.
        series, instance
            UIDs of a part of it.
        into
            A folder, in which files are named by their SOP Instance UID, or what opens a sink for each instance;
            without it each comes as a data set, one held in memory at a time.
        root
            The information model; by default study root, and patient root where that was not accepted.
        progress
            Called with how far the peer says that it is.

        Yields
        ------
        Dataset, or what became of each in `into`

        Raises
        ------
        DimseStatusError
            The peer failed, or could not send all of it; what could be sent came before.
        LocalProtocolError
            The peer has no C-GET: it may have C-MOVE.

        Notes
        -----
        A peer sends an instance as it is stored where that transfer syntax was proposed for its SOP class, in a context
        of its own; else it may decode it, or fail. `connect` proposes the common storage classes, with the transfer
        syntaxes that they are often compressed in; named in its ``sop_classes``, beside a model of C-GET such as
        ``"StudyRootQueryRetrieveInformationModelGet"``, any of them in all transfer syntaxes.

        DICOM
        -----
        PS3.7 9.1.3, PS3.4 C.4.3
        """
        return self._run(self._ask.get(what, series, instance, into=into, root=root, progress=progress))

    def move(
        self,
        what: str | Dataset,
        series: str | None = None,
        instance: str | None = None,
        *,
        destination: str,
        root: Root | None = None,
    ) -> AsyncGenerator[SubOperations, None]:
        """Have a study, series or instance sent to a third (C-MOVE); goes through how far it is.

        Parameters
        ----------
        what, series, instance, root
            As of `get`.
        destination
            AE title of who is to have it; the peer has to know it.

        Yields
        ------
        SubOperations
            Counts of instances; the last one is what became of all.

        Raises
        ------
        DimseStatusError
            The peer failed, as when it does not know the destination.

        DICOM
        -----
        PS3.7 9.1.4, PS3.4 C.4.2
        """
        return self._run(self._ask.move(what, series, instance, destination=destination, root=root))

    async def n_create(self, sop_class: str, sop_instance: str | None = None, dataset: Dataset | None = None) -> Answer:
        """Have the peer make an instance (N-CREATE), as a performed procedure step when one begins.

        Parameters
        ----------
        sop_class
            UID or keyword, as ``"ModalityPerformedProcedureStep"``.
        sop_instance
            Its UID; the peer makes it where there is none.
        dataset
            Its attributes.

        Raises
        ------
        DimseStatusError
            The peer fails.

        DICOM
        -----
        PS3.7 10.1.5, PS3.4 F.7
        """
        return await self._only(self._ask.normalized("N-CREATE", sop_class, sop_instance, dataset))

    async def n_set(self, sop_class: str, sop_instance: str, dataset: Dataset) -> Answer:
        """Have the peer change attributes of an instance (N-SET).

        DICOM
        -----
        PS3.7 10.1.3
        """
        return await self._only(self._ask.normalized("N-SET", sop_class, sop_instance, dataset))

    async def n_get(self, sop_class: str, sop_instance: str, attributes: Iterable[str] = ()) -> Answer:
        """Ask for attributes of an instance (N-GET): those that are named by keyword, or all.

        DICOM
        -----
        PS3.7 10.1.2
        """
        return await self._only(self._ask.n_get(sop_class, sop_instance, attributes))

    async def n_action(
        self, sop_class: str, sop_instance: str, action_type_id: int, dataset: Dataset | None = None
    ) -> Answer:
        """Have the peer do something with an instance (N-ACTION).

        DICOM
        -----
        PS3.7 10.1.4
        """
        return await self._only(
            self._ask.normalized("N-ACTION", sop_class, sop_instance, dataset, ActionTypeID=action_type_id)
        )

    async def n_delete(self, sop_class: str, sop_instance: str) -> Answer:
        """Have the peer delete an instance (N-DELETE).

        DICOM
        -----
        PS3.7 10.1.6
        """
        return await self._only(self._ask.normalized("N-DELETE", sop_class, sop_instance, None))

    async def n_event_report(
        self, sop_class: str, sop_instance: str, event_type_id: int, dataset: Dataset | None = None
    ) -> Answer:
        """Report an event to the peer (N-EVENT-REPORT), where we manage the instance.

        DICOM
        -----
        PS3.7 10.1.1
        """
        return await self._only(
            self._ask.normalized("N-EVENT-REPORT", sop_class, sop_instance, dataset, EventTypeID=event_type_id)
        )

    def events(self, *, within_s: float) -> AsyncGenerator[EventReport, None]:
        """Go through the events that the peer reports on this association, and confirm each (N-EVENT-REPORT).

        Parameters
        ----------
        within_s
            How long is waited for each; when none comes, that was all.

        DICOM
        -----
        PS3.7 10.1.1
        """
        return self._run(event_reports(within_s))

    async def request_commitment(self, instances: Iterable[tuple[str, str]], *, transaction: str | None = None) -> str:
        """Ask the peer to keep instances for good (storage commitment); `events`, or an SCP of ours, hears of it.

        Parameters
        ----------
        instances
            Their SOP Class UIDs and SOP Instance UIDs.
        transaction
            A Transaction UID of one's own.

        Returns
        -------
        str
            The Transaction UID, by which the answer says what it is about.

        DICOM
        -----
        PS3.4 J.3.2
        """
        uid = transaction or str(generate_uid())
        await self._only(self._ask.commit(instances, uid))
        return uid
