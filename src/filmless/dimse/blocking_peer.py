"""The peer whose methods block."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any, TypeVar

from filmless.dataset import Dataset
from filmless.dimse.asking import Asking, Into, Limits
from filmless.dimse.association import Negotiated
from filmless.dimse.blocking import run
from filmless.dimse.blocking_link import BlockingLink
from filmless.dimse.identifiers import Level, Root
from filmless.dimse.operations.normalized import Answer, EventReport, event_reports
from filmless.dimse.operations.retrieving import SubOperations
from filmless.dimse.operations.store import Stored, StoreReport
from filmless.dimse.sources import Source
from filmless.dimse.steps import Operation
from filmless.file import generate_uid

__all__ = ["BlockingPeer"]

_T = TypeVar("_T")


class BlockingPeer:
    """A peer, while the association to it is open. `connect_blocking` gives one.

    Its methods are those of `Peer`, which says what they do; they return when it is done, and iterators are plain ones.
    It is used by one thread at a time.

    Attributes
    ----------
    association
        Who it is, and what was negotiated.
    """

    def __init__(self, association: Negotiated, *, link: BlockingLink, limits: Limits) -> None:
        self.association = association
        self._link = link
        self._ask = Asking(link.connection, next_id=link.next_id, window=link.window, limits=limits)

    def _run(self, operation: Operation[_T]) -> Generator[_T, None, None]:
        return run(self._link, operation)

    def _only(self, operation: Operation[_T]) -> _T:
        return list(self._run(operation))[-1]

    def echo(self) -> None:
        """As `Peer.echo`."""
        self._only(self._ask.echo())

    def store(
        self,
        sources: Source | Iterable[Source],
        *,
        progress: Callable[[Stored], None] | None = None,
        retries: int = 2,
        backoff_s: float = 1.0,
    ) -> StoreReport[Stored]:
        """As `Peer.store`."""
        report = StoreReport[Stored]()
        with closing(self._run(self._ask.store(sources, retries=retries, backoff_s=backoff_s))) as results:
            for one in results:
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
    ) -> Generator[Dataset, None, None]:
        """As `Peer.find`."""
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
    ) -> Generator[Any, None, None]:
        """As `Peer.get`."""
        return self._run(self._ask.get(what, series, instance, into=into, root=root, progress=progress))

    def move(
        self,
        what: str | Dataset,
        series: str | None = None,
        instance: str | None = None,
        *,
        destination: str,
        root: Root | None = None,
    ) -> Generator[SubOperations, None, None]:
        """As `Peer.move`."""
        return self._run(self._ask.move(what, series, instance, destination=destination, root=root))

    def n_create(self, sop_class: str, sop_instance: str | None = None, dataset: Dataset | None = None) -> Answer:
        """As `Peer.n_create`."""
        return self._only(self._ask.normalized("N-CREATE", sop_class, sop_instance, dataset))

    def n_set(self, sop_class: str, sop_instance: str, dataset: Dataset) -> Answer:
        """As `Peer.n_set`."""
        return self._only(self._ask.normalized("N-SET", sop_class, sop_instance, dataset))

    def n_get(self, sop_class: str, sop_instance: str, attributes: Iterable[str] = ()) -> Answer:
        """As `Peer.n_get`."""
        return self._only(self._ask.n_get(sop_class, sop_instance, attributes))

    def n_action(
        self, sop_class: str, sop_instance: str, action_type_id: int, dataset: Dataset | None = None
    ) -> Answer:
        """As `Peer.n_action`."""
        return self._only(
            self._ask.normalized("N-ACTION", sop_class, sop_instance, dataset, ActionTypeID=action_type_id)
        )

    def n_delete(self, sop_class: str, sop_instance: str) -> Answer:
        """As `Peer.n_delete`."""
        return self._only(self._ask.normalized("N-DELETE", sop_class, sop_instance, None))

    def n_event_report(
        self, sop_class: str, sop_instance: str, event_type_id: int, dataset: Dataset | None = None
    ) -> Answer:
        """As `Peer.n_event_report`."""
        return self._only(
            self._ask.normalized("N-EVENT-REPORT", sop_class, sop_instance, dataset, EventTypeID=event_type_id)
        )

    def events(self, *, within_s: float) -> Generator[EventReport, None, None]:
        """As `Peer.events`."""
        return self._run(event_reports(within_s))

    def request_commitment(self, instances: Iterable[tuple[str, str]], *, transaction: str | None = None) -> str:
        """As `Peer.request_commitment`."""
        uid = transaction or str(generate_uid())
        self._only(self._ask.commit(instances, uid))
        return uid
