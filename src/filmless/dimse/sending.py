"""From sources to messages: each is read a little ahead, and fitted to what the peer takes."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from filmless import _core
from filmless.dataset import Dataset
from filmless.dimse.contexts import Sendable
from filmless.dimse.sources import DataSetPart, FilePart, Instance, Source, encoded, instance_of
from filmless.dimse.steps import Buffer
from filmless.errors import DicomError, UnsupportedError
from filmless.file import read

__all__ = ["Fitted", "ReadAhead", "fit"]

_T = TypeVar("_T")
_U = TypeVar("_U")


class Fitted(NamedTuple):
    """An instance as it is sent: the presentation context, and the data set encoded as that has it."""

    context: int
    sop_class: str
    sop_instance: str
    data: Buffer | FilePart | DataSetPart
    size: int
    held: int = 0
    """Bytes of memory that it holds, beside a piece."""


def fit(source: Source, sendable: Sendable) -> Fitted:
    """Read a source, and find how the peer takes it: as it is stored, else transcoded without a loss.

    Raises
    ------
    DicomError
        It is no instance, or the peer does not take it.
    OSError
        It cannot be read.
    """
    instance = instance_of(source)
    context = sendable.context_for(instance.sop_class, instance.transfer_syntax)
    if context is not None:
        return Fitted(context, instance.sop_class, instance.sop_instance, instance.data, instance.size)
    syntaxes = sendable.syntaxes_for(instance.sop_class)
    if not syntaxes:
        raise UnsupportedError(
            f"the peer did not accept {_called(instance.sop_class)}",
            uid=instance.sop_class,
            hint="it does not store such instances, or they were not proposed to it",
        )
    return _transcoded(source, instance, syntaxes, sendable)


def _transcoded(source: Source, instance: Instance, syntaxes: list[str], sendable: Sendable) -> Fitted:
    failed: DicomError | None = None
    ds = source if isinstance(source, Dataset) else read(source)
    stored = _core.transfer_syntax(instance.transfer_syntax)
    for syntax in syntaxes:
        row = _core.transfer_syntax(syntax)
        if row is None or row["lossy"]:
            continue
        try:
            if stored is None or stored["encapsulated"] or row["encapsulated"]:
                from filmless.pixels import transcode

                data, size = encoded(transcode(ds, syntax))
                held = size
            else:
                data, size = encoded(ds, syntax)
                held = 0
        except DicomError as error:
            failed = failed or error
            continue
        context = sendable.context_for(instance.sop_class, syntax)
        if context is not None:
            return Fitted(context, instance.sop_class, instance.sop_instance, data, size, held)
    reason = "it takes none that loses nothing" if failed is None else failed.message
    raise UnsupportedError(
        f"the peer does not take {_called(instance.transfer_syntax)}, and it cannot be transcoded: {reason}",
        uid=instance.transfer_syntax,
    )


def _called(uid: str) -> str:
    row = _core.uid_entry(uid)
    return uid if row is None else row[1]


class ReadAhead(Generic[_T, _U]):
    """Does the work for items in a thread of its own, a few before they are asked for.

    Parameters
    ----------
    items
        What to work on; gone through in that thread.
    work
        Makes one; what it raises it has to make something of.
    depth
        How many may be ready.
    weigh, most
        Bytes of memory that one holds, and how many all that are ready may hold before no other is worked on.
    """

    def __init__(
        self,
        items: Iterable[_T],
        work: Callable[[_T], _U],
        *,
        depth: int = 4,
        weigh: Callable[[_U], int] = lambda _: 0,
        most: int = 64 << 20,
    ) -> None:
        self._items, self._work, self._depth = iter(items), work, depth
        self._weigh, self._most = weigh, most
        self._ready: deque[_U] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._is_over = self._is_closed = self._is_begun = False
        self._error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing more will be ready."""
        return self._is_over and not self._ready and self._error is None

    @property
    def _has_room(self) -> bool:
        return len(self._ready) < self._depth and sum(map(self._weigh, self._ready)) <= self._most

    def ready(self) -> _U | None:
        """Take one that is ready; None when none is.

        Raises
        ------
        Exception
            What going through the items raised.
        """
        with self._changed:
            if not self._is_begun:
                self._is_begun = True
                threading.Thread(target=self._run, name="filmless read ahead", daemon=True).start()
            if self._ready:
                item = self._ready.popleft()
                self._changed.notify()
                return item
            if self._error is not None:
                raise self._error
            return None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until one is ready, or none will be; return whether that is so."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: bool(self._ready) or self._is_over, seconds))

    def close(self) -> None:
        """Work on no more: nobody wants it."""
        with self._changed:
            self._is_closed = True
            self._ready.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            for item in self._items:
                made = self._work(item)
                with self._changed:
                    self._ready.append(made)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._has_room or self._is_closed)
                    del made
                    if self._is_closed:
                        return
        except BaseException as error:  # noqa: BLE001 - of the caller's own iterable: it is raised where it is waited for
            self._error = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
