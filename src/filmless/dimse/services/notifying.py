"""Telling peers of what happened here, notice by notice: N-CREATE and N-EVENT-REPORT that nobody asked for."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from filmless._core import RoleSelection
from filmless.dataset import Dataset
from filmless.dimse.connecting import connect
from filmless.dimse.driving import run
from filmless.dimse.operations.requesting import answered, ask, request_of
from filmless.dimse.peer import Peer
from filmless.dimse.steps import Buffer, Give, Operation
from filmless.errors import DicomError, DimseStatusError, NetworkError
from filmless.file import encode

__all__ = ["AVAILABILITY", "STEP_NOTIFICATION", "Notice", "Notifier", "notifying_to"]

AVAILABILITY: Final = "1.2.840.10008.5.1.4.33"
"""Instance Availability Notification (PS3.4 R)."""

STEP_NOTIFICATION: Final = "1.2.840.10008.3.1.2.3.5"
"""Modality Performed Procedure Step Notification (PS3.4 F.9)."""

_SYNTAXES: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Peer]]
"""Opens an association to a peer, as `notifying_to` does."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a peer is told.

    Attributes
    ----------
    message
        ``"N-CREATE"`` or ``"N-EVENT-REPORT"``.
    sop_class, sop_instance
        UIDs: of what it is.
    fields
        Further elements of the command by keyword.
    dataset
        Makes what goes with it, when it is sent and in a thread; None for nothing, and no notice at all if what it is
        about is gone by then (NotFoundError).
    """

    message: str
    sop_class: str
    sop_instance: str
    fields: Mapping[str, Any]
    dataset: Callable[[], Dataset] | None = None


def notifying_to(address: str, *, calling_ae_title: str, **options: Any) -> AbstractAsyncContextManager[Peer]:
    """Return an association on which a peer is told of instances and of performed procedure steps.

    Parameters
    ----------
    address
        ``AE@host:port``.
    calling_ae_title
        Ours.
    **options
        See `filmless.dimse.connect`.
    """
    return connect(
        address,
        calling_ae_title=calling_ae_title,
        contexts=((AVAILABILITY, _SYNTAXES), (STEP_NOTIFICATION, _SYNTAXES)),
        roles=(RoleSelection(STEP_NOTIFICATION, scu=False, scp=True),),  # who reports events is their SCP
        **options,
    )


class Notifier:
    """Tells peers of what happens, each in the order in which it happened, and again when one could not be reached.

    Parameters
    ----------
    peers
        By name, what opens an association to them.
    attempts
        How often a notice is tried before it is given up.
    first_delay_s, longest_delay_s
        How long it waits between attempts: twice as long each time.
    most_waiting
        How many notices may wait for a peer; the oldest are given up for newer ones.

    Notes
    -----
    Notices wait in memory: they tell earlier what a query would find, and a stop of the process loses them.
    """

    def __init__(
        self,
        peers: Mapping[str, Opening],
        *,
        attempts: int = 6,
        first_delay_s: float = 5.0,
        longest_delay_s: float = 600.0,
        most_waiting: int = 1000,
    ) -> None:
        self._peers, self._attempts = dict(peers), attempts
        self._first_s, self._longest_s = first_delay_s, longest_delay_s
        self._waiting: dict[str, deque[Notice]] = {name: deque(maxlen=most_waiting) for name in peers}
        self._lock = threading.Lock()
        self._woken: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def has_peers(self) -> bool:
        """Whether there is anyone to tell."""
        return bool(self._peers)

    def tell(self, notice: Notice, *, peers: frozenset[str] | None = None) -> None:
        """Have peers told, or all of them. Call it from any thread; it does not wait."""
        with self._lock:
            for name, waiting in self._waiting.items():
                if peers is None or name in peers:
                    if len(waiting) == waiting.maxlen:
                        _log.warning("a notice to %s is given up: too many wait", name)
                    waiting.append(notice)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._woken.values():
            event.set()

    async def run(self) -> None:
        """Tell what there is to tell, until it is cancelled."""
        self._woken = {name: asyncio.Event() for name in self._peers}
        self._wake()
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                for name in self._peers:
                    group.create_task(self._attend(name))
        finally:
            with self._lock:
                self._loop = None

    async def _attend(self, name: str) -> None:
        waiting, woken = self._waiting[name], self._woken[name]
        while True:
            await woken.wait()
            woken.clear()
            while waiting:
                await self._deliver(name, waiting.popleft())

    async def _deliver(self, name: str, notice: Notice) -> None:
        for attempt in range(1, self._attempts + 1):
            try:
                ds = None if notice.dataset is None else await asyncio.to_thread(notice.dataset)
                async with self._peers[name]() as peer:
                    await _send(peer, notice, ds)
            except DimseStatusError as error:  # the peer knows it, and does not want it
                _log.warning("%s does not take a notice: %s", name, error.message)
                return
            except NetworkError as error:
                _log.info("a notice to %s failed: %s", name, error.message)
            except DicomError as error:
                _log.info("a notice to %s is not sent: %s", name, error.message)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, those that come after it are sent
                _log.error("a notice to %s is not sent: %s", name, type(error).__name__)
                return
            else:
                return
            if attempt < self._attempts:
                await asyncio.sleep(min(self._longest_s, self._first_s * 2 ** (attempt - 1)))
        _log.warning("a notice to %s is given up, it cannot be reached", name)


async def _send(peer: Peer, notice: Notice, ds: Dataset | None) -> None:
    association = peer.association
    context = association.context_for(notice.sop_class)
    if context is None:
        raise DimseStatusError("it did not accept the SOP class", status=0x0122)
    data = None if ds is None else encode(ds, transfer_syntax=context.transfer_syntax, part10=False)
    command = request_of(
        notice.message,
        association.link.next_id(),
        AffectedSOPClassUID=notice.sop_class,
        AffectedSOPInstanceUID=notice.sop_instance,
        **notice.fields,
    )
    async for _ in run(association.link, _told(context.id, command, data)):
        pass


def _told(context: int, command: dict[str | int, Any], data: Buffer | None) -> Operation[None]:
    answered((yield from ask(context, command, data)), "a notice")
    yield Give(None)
