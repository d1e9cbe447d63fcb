"""C-GET and C-MOVE: instances here, or to a third (PS3.7 9.1.3, 9.1.4, PS3.4 C.4.2, C.4.3)."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final

from filmless.dimse.messages import CANCEL, MESSAGES, response_to
from filmless.dimse.operations.requesting import answered, cancel, request_of, response_of
from filmless.dimse.status import CANCELLED, SUCCESS, describe, kind_of
from filmless.dimse.steps import Buffer, Give, Message, Operation, Receive, Send, Sink, Stopped
from filmless.errors import DicomError, DimseStatusError, LimitError, NetworkError, RemoteProtocolError
from filmless.file.uid_grammar import is_uid

__all__ = ["SubOperations", "get", "move", "require_all"]

_UNRECOGNIZED_OPERATION: Final = 0x0211
_MISMATCH: Final = 0xA900
_REFUSED: Final = 0x0122
_SOME_FAILED: Final = 0xB000
_UNABLE: Final = 0xA702
_MOST_AFTER_CANCEL: Final = 10_000
_NOT_PROPOSED: Final = (
    "it may be that their SOP classes were not proposed: name them in `sop_classes` of `connect`; "
    "or that the peer sends them by C-MOVE only"
)


@dataclass(frozen=True, slots=True)
class SubOperations:
    """How far a C-MOVE or C-GET is: instances, by what became of them.

    Attributes
    ----------
    remaining, completed, failed, warning
        Counts; None where the peer does not tell.
    failed_uids
        In the last one, SOP Instance UIDs of those that failed, as far as the peer lists them.
    status
        Of the answer that told it.
    """

    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None
    failed_uids: tuple[str, ...]
    status: int

    @property
    def is_last(self) -> bool:
        """Whether that is all."""
        return kind_of(self.status) != "pending"


def counts_of(message: Message) -> SubOperations:
    """Return what an answer says of sub-operations."""

    def count(name: str) -> int | None:
        value = message.command.get(f"NumberOf{name}Suboperations")
        return value if isinstance(value, int) else None

    return SubOperations(
        count("Remaining"), count("Completed"), count("Failed"), count("Warning"), _failed(message), message.status
    )


def require_all(counts: SubOperations, *, hint: str | None = None) -> None:
    """Check that the peer could send everything.

    Raises
    ------
    DimseStatusError
        It could not.
    """
    if counts.failed is None and counts.status == _SOME_FAILED:  # or with a warning: it does not say
        raise DimseStatusError(
            f"the peer could not send all instances as they are: status {describe(counts.status)}",
            status=counts.status,
            hint=hint,
        )
    if counts.failed:
        of = counts.failed + (counts.completed or 0) + (counts.warning or 0)
        raise DimseStatusError(
            f"the peer could not send {counts.failed} of {of} instances: status {describe(counts.status)}",
            status=counts.status,
            hint=hint,
        )


def _failed(message: Message) -> tuple[str, ...]:
    try:
        ds = message.dataset
    except DicomError:  # it is told for information only
        return ()
    found: Any = None if ds is None else ds.get("FailedSOPInstanceUIDList")
    listed = [found] if isinstance(found, str) else list(found or ())
    return tuple(str(uid) for uid in listed if is_uid(uid))


def move(
    context: int, message_id: int, sop_class: str, identifier: Buffer, *, destination: str, most: int
) -> Operation[SubOperations]:
    """Have instances sent to a third; give how far it is, and in the end how it went.

    Parameters
    ----------
    destination
        AE title of the third.
    most
        How many answers are too many.
    """
    command = request_of("C-MOVE", message_id, AffectedSOPClassUID=sop_class, Priority=0, MoveDestination=destination)
    yield Send(context, command, identifier)
    counts: SubOperations | None = None
    try:
        for _ in range(most):
            message = response_of((yield Receive()), "C-MOVE")
            counts = counts_of(message)
            if counts.is_last:
                answered(message, "C-MOVE")
                yield Give(counts)
                return
            yield Give(counts)
    except Stopped:
        if counts is None or not counts.is_last:
            yield from cancel(context, message_id, "C-MOVE")
        return
    yield from cancel(context, message_id, "C-MOVE")
    raise _too_many(most)


def get(
    context: int,
    message_id: int,
    sop_class: str,
    identifier: Buffer,
    *,
    sinks: Callable[[Message], Sink],
    most: int,
    progress: Callable[[SubOperations], None] | None,
) -> Operation[Any]:
    """Have instances sent here; give what the sinks made of each.

    Parameters
    ----------
    sinks
        Opens where an instance goes.
    most
        How many are too many.
    progress
        Called with how far it is.
    """
    yield Send(context, request_of("C-GET", message_id, AffectedSOPClassUID=sop_class, Priority=0), identifier)
    getting, is_last = _Getting(sinks, most), False
    try:
        while True:
            message = yield Receive(sinks=getting.open)
            if not message.is_response:
                yield from getting.take(message)
                continue
            counts = counts_of(response_of(message, "C-GET"))
            is_last = counts.is_last
            if progress is not None:
                progress(counts)
            if is_last:
                getting.conclude(message, counts)
                return
            getting.wait_on()
    except Stopped:
        yield from _stop(context, message_id)
    except NetworkError:
        raise
    except Exception:  # more than is taken, or of `progress`: the rest would come for nobody
        if not is_last:
            yield from _stop(context, message_id)
        raise


class _Getting:
    """What came by now."""

    def __init__(self, sinks: Callable[[Message], Sink], most: int) -> None:
        self._sinks, self._most, self._count = sinks, most, 0
        self._error: Exception | None = None
        self._failed = self._pending = self._refused = 0

    def open(self, message: Message) -> Sink:
        """Open the sink for an instance, in a thread; what is no instance that was asked for has none."""
        wrong = _wrong(message)
        if wrong is not None:
            raise _RefusedError(wrong)
        return self._sinks(message)

    def take(self, message: Message) -> Operation[Any]:
        """Answer a request of the peer, and give what became of its instance."""
        result = message.result
        wrong = _wrong(message)
        if wrong is None and result is None:  # C-STORE has one without exception: what comes so is no answer to us
            raise RemoteProtocolError("the peer sent an instance without its data set")
        if wrong is not None:
            self._refused += 1
            if self._refused > self._most:  # it takes no notice of answers: none to C-CANCEL is waited for
                raise RemoteProtocolError(f"the peer sent more than {self._most} requests that were refused")
            yield Send(message.context.id, response_to(message.command, wrong))
            return
        if isinstance(result, Exception):
            self._failed, self._error = self._failed + 1, self._error or result
            if self._failed > self._most:
                raise self._error
            yield Send(message.context.id, _failure(message, result))
            return
        if self._count == self._most:
            yield Send(message.context.id, response_to(message.command, _UNABLE))
            raise LimitError(f"more than {self._most} instances", limit="answers", value=self._most)
        self._count += 1
        yield Send(message.context.id, response_to(message.command, SUCCESS))
        yield Give(result)

    def wait_on(self) -> None:
        """Count an answer that was not the last.

        Raises
        ------
        LimitError
            There are too many.
        """
        self._pending += 1
        if self._pending > self._most:
            raise _too_many(self._most)

    def conclude(self, message: Message, counts: SubOperations) -> None:
        """Tell what went wrong, once all came that comes.

        Raises
        ------
        DimseStatusError
            The peer failed, or could not send all of it.
        Exception
            What was the matter here with one that came.
        """
        if self._error is not None:
            raise self._error
        if kind_of(counts.status) != "cancel":
            require_all(counts, hint=_NOT_PROPOSED)
        answered(message, "C-GET")


def _too_many(most: int) -> LimitError:
    return LimitError(f"more than {most} answers, and none of them the last", limit="answers", value=most)


class _RefusedError(Exception):
    """A request that is answered with a status, and has no sink."""


def _wrong(message: Message) -> int | None:
    """Return the status for a request that is no C-STORE of an instance that may come."""
    command = message.command
    if command["CommandField"] != MESSAGES["C-STORE"].field:
        return _UNRECOGNIZED_OPERATION
    if command.get("AffectedSOPClassUID") != message.context.abstract_syntax or not message.context.scp:
        return _REFUSED
    return None if is_uid(command.get("AffectedSOPInstanceUID")) else _MISMATCH


def _failure(message: Message, error: Exception) -> dict[str | int, Any]:
    from filmless.dimse.services.storing import comment_of, status_of

    return response_to(message.command, status_of(error), ErrorComment=comment_of(error))


def _stop(context: int, message_id: int) -> Generator[Any, Any, None]:
    """Cancel, and refuse what is on its way."""
    yield Send(context, {"CommandField": CANCEL, "MessageIDBeingRespondedTo": message_id})
    for _ in range(_MOST_AFTER_CANCEL):
        message = yield Receive(sinks=_refuse)
        if not message.is_response:
            yield Send(message.context.id, response_to(message.command, CANCELLED))
        elif kind_of(response_of(message, "C-GET").status) != "pending":
            return
    raise RemoteProtocolError("the peer goes on with C-GET that was cancelled")


def _refuse(_: Message) -> Sink:
    raise _RefusedError("cancelled")
