"""The peer whose methods block."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from filmless._core import AssociateAccept, AssociateRequest
from filmless.dataset import Dataset
from filmless.dimse.asking import Asking, Limits
from filmless.dimse.blocking import BlockingLink, run
from filmless.dimse.identifiers import Level, Root
from filmless.dimse.operations.store import Stored, StoreReport
from filmless.dimse.sources import Source
from filmless.dimse.steps import Operation

__all__ = ["BlockingPeer"]

_T = TypeVar("_T")


class BlockingPeer:
    """A peer, while the association to it is open. `connect_blocking` gives one.

    Its methods are those of `Peer`, which says what they do; they return when it is done, and iterators are plain ones.
    It is used by one thread at a time.

    Attributes
    ----------
    request, acceptance
        What was asked for, and what was answered.
    """

    def __init__(
        self, link: BlockingLink, request: AssociateRequest, acceptance: AssociateAccept, *, limits: Limits
    ) -> None:
        self.request, self.acceptance = request, acceptance
        self._link = link
        self._ask = Asking(link.connection, next_id=link.next_id, window=link.window, limits=limits)

    def _run(self, operation: Operation[_T]) -> Iterator[_T]:
        return run(self._link, operation)

    def echo(self) -> None:
        """As `Peer.echo`."""
        for _ in self._run(self._ask.echo()):
            pass

    def store(
        self,
        sources: Source | Iterable[Source],
        *,
        progress: Callable[[Stored], None] | None = None,
        retries: int = 2,
        backoff_s: float = 1.0,
    ) -> StoreReport:
        """As `Peer.store`."""
        report = StoreReport()
        for one in self._run(self._ask.store(sources, retries=retries, backoff_s=backoff_s)):
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
    ) -> Iterator[Dataset]:
        """As `Peer.find`."""
        return self._run(
            self._ask.find(identifier, level=level, root=root, include=include, limit=limit, values=values)
        )
