"""C-STORE of many instances: several in flight, and again where it failed for a time (PS3.7 9.1.1)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal

from filmless.dimse.contexts import Sendable
from filmless.dimse.operations.requesting import final, request_of
from filmless.dimse.sending import Fitted, ReadAhead, fit
from filmless.dimse.sources import Source, each_of, name_of, why
from filmless.dimse.status import describe, kind_of
from filmless.dimse.steps import Abort, Call, Give, Message, Operation, Pause, Receive, Send
from filmless.errors import DicomError, NetworkError, RemoteProtocolError
from filmless.file.store_report import StoreReport

__all__ = ["StoreReport", "Stored", "store"]

_FOR_A_TIME: Final = range(0xA700, 0xA800)
_MOMENT_S: Final = 0.1
"""How long the next instance is waited for before the answers of those in flight are."""
_PROCESSING_FAILURE: Final = 0x0110
_RESOURCE_LIMITATION: Final = 0x0213


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one source.

    Attributes
    ----------
    source
        The path, or which one it is: ``source 3``.
    instance_uid
        Its SOP Instance UID; empty when it could not be read.
    size
        Bytes of the data set as it was sent.
    error
        Why it is not stored; None when it is.
    status
        What the peer answered, if it did.
    warning
        The words of a status of warning: it is stored, but not as it was sent.
    comment
        What the peer says of it (Error Comment).
    unanswered
        When the peer said nothing about it: ``"away"``, it was not sent; ``"broken off"``, it was, but no answer came.
    """

    source: str
    instance_uid: str = ""
    size: int = 0
    error: str | None = None
    status: int | None = None
    warning: str | None = None
    comment: str | None = None
    unanswered: Literal["away", "broken off"] | None = None


@dataclass(slots=True)
class _Sender:
    """What all rounds of an operation share."""

    sendable: Sendable
    next_id: Callable[[], int]
    window: int
    originator: tuple[str, int] | None
    ended: NetworkError | None = None
    again: list[tuple[int, Source]] = field(default_factory=list)

    def work(self, item: tuple[int, Source]) -> tuple[tuple[int, Source], Fitted | Stored]:
        """Make one ready, in the thread that reads ahead."""
        number, source = item
        if self.ended is not None:
            return item, self.left(item, "")
        try:
            return item, fit(source, self.sendable)
        except (DicomError, OSError) as error:
            hint = getattr(error, "hint", None)
            message = why(error) if hint is None else f"{why(error)} (hint: {hint})"
            return item, Stored(name_of(source, number), error=message)
        except Exception as error:  # noqa: BLE001 - one that cannot be read stops no others
            return item, Stored(name_of(source, number), error=f"it cannot be read: {type(error).__name__}")

    def left(self, item: tuple[int, Source], uid: str, *, sent: bool = False) -> Stored:
        """Say of one that the association ended before it was answered."""
        message = "the association ended" if self.ended is None else self.ended.message
        return Stored(name_of(item[1], item[0]), uid, error=message, unanswered="broken off" if sent else "away")


def store(
    sources: Source | Iterable[Source],
    sendable: Sendable,
    *,
    next_id: Callable[[], int],
    window: int,
    retries: int,
    backoff_s: float,
    originator: tuple[str, int] | None = None,
) -> Operation[Stored]:
    """Send sources; give what became of each, as it becomes known.

    Parameters
    ----------
    sources
        See `filmless.dimse.Peer.store`.
    sendable
        The contexts that instances can go in.
    next_id
        Makes Message IDs.
    window
        How many may be in flight.
    retries, backoff_s
        How often those that failed for a time are sent again when all others are through, and how long is waited
        before; twice as long each time.
    originator
        AE title and Message ID of the C-MOVE that this is for.
    """
    sender = _Sender(sendable, next_id, window, originator)
    items: Iterable[tuple[int, Source]] = enumerate(each_of(sources), start=1)
    for attempt in range(retries + 1):
        is_last = attempt == retries
        yield from _round(sender, items, is_last=is_last)
        if not sender.again or sender.ended is not None:
            break
        items, sender.again = sender.again, []
        yield Pause(backoff_s * 2**attempt)
    for item in sender.again:  # the association ended meanwhile
        yield Give(sender.left(item, ""))


def _round(sender: _Sender, items: Iterable[tuple[int, Source]], *, is_last: bool) -> Operation[Stored]:
    ahead = ReadAhead(items, sender.work, weigh=lambda made: made[1].held if isinstance(made[1], Fitted) else 0)
    flying: dict[int, tuple[tuple[int, Source], Fitted]] = {}
    try:
        while True:
            try:
                yield from _fill(sender, ahead, flying)
                if not flying:
                    return
                yield from _take(sender, (yield Receive()), flying, is_last=is_last)
            except NetworkError as error:
                if isinstance(error, RemoteProtocolError):
                    yield Abort(error)
                sender.ended = sender.ended or error
                yield from _take_rest(sender, flying, is_last=is_last)
                for item, fitted in flying.values():
                    yield Give(sender.left(item, fitted.sop_instance, sent=True))
                flying.clear()
    finally:
        ahead.close()


def _take(
    sender: _Sender, message: Message, flying: dict[int, tuple[tuple[int, Source], Fitted]], *, is_last: bool
) -> Operation[Stored]:
    """Give what an answer says."""
    status = final(message, "C-STORE").status
    found = flying.pop(message.command["MessageIDBeingRespondedTo"], None)
    if found is not None:
        item, fitted = found
        if not is_last and (status in _FOR_A_TIME or status in {_PROCESSING_FAILURE, _RESOURCE_LIMITATION}):
            sender.again.append(item)
        else:
            yield Give(_result(name_of(item[1], item[0]), fitted, message))


def _take_rest(
    sender: _Sender, flying: dict[int, tuple[tuple[int, Source], Fitted]], *, is_last: bool
) -> Operation[Stored]:
    """Take the answers that came before the association ended: they may have been behind one another."""
    try:
        while flying:
            message = yield Receive(within_s=0)
            if message is None:
                return
            yield from _take(sender, message, flying, is_last=is_last)
    except NetworkError:
        return


def _fill(
    sender: _Sender,
    ahead: ReadAhead[tuple[int, Source], tuple[tuple[int, Source], Fitted | Stored]],
    flying: dict[int, tuple[tuple[int, Source], Fitted]],
) -> Operation[Stored]:
    """Send until the window is full, or nothing is ready for a while and answers are to come."""
    while len(flying) < sender.window:
        made = ahead.ready()
        if made is None:
            if not flying and not ahead.is_done:
                yield Call(ahead.wait)
            elif ahead.is_done or not (yield Call(partial(ahead.wait, _MOMENT_S))):
                return
            continue
        item, fitted = made
        if isinstance(fitted, Stored):
            yield Give(replace(fitted, error=sender.ended.message) if sender.ended and fitted.unanswered else fitted)
            continue
        if sender.ended is not None:
            yield Give(sender.left(item, fitted.sop_instance))
            continue
        message_id = sender.next_id()
        flying[message_id] = (item, fitted)
        try:
            yield Send(fitted.context, _command(sender, fitted, message_id), fitted.data)
        except NetworkError:
            raise
        except (DicomError, OSError) as error:  # it cannot be read on; what was half-way out ends the association
            flying.pop(message_id, None)
            yield Give(Stored(name_of(item[1], item[0]), fitted.sop_instance, fitted.size, error=why(error)))
        else:
            fitted = fitted._replace(data=b"")  # a large one may be all that is in memory
            flying[message_id] = (item, fitted)


def _command(sender: _Sender, fitted: Fitted, message_id: int) -> dict[str | int, object]:
    command = request_of(
        "C-STORE",
        message_id,
        AffectedSOPClassUID=fitted.sop_class,
        AffectedSOPInstanceUID=fitted.sop_instance,
        Priority=0,
    )
    if sender.originator is not None:
        command["MoveOriginatorApplicationEntityTitle"], command["MoveOriginatorMessageID"] = sender.originator
    return command


def _result(name: str, fitted: Fitted, message: Message) -> Stored:
    status, kind = message.status, kind_of(message.status)
    comment = message.command.get("ErrorComment")
    words = describe(status)
    return Stored(
        name,
        fitted.sop_instance,
        fitted.size,
        error=f"the peer answers with status {words}" if kind not in {"success", "warning"} else None,
        status=status,
        warning=words if kind == "warning" else None,
        comment=comment if isinstance(comment, str) and comment.isprintable() and len(comment) <= 64 else None,
    )
