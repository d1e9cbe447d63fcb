"""C-FIND: what does the peer have (PS3.7 9.1.2, PS3.4 C.4.1, K.4.1)."""

from filmless.dataset import Dataset
from filmless.dimse.operations.requesting import answered, cancel, request_of, response_of
from filmless.dimse.status import kind_of
from filmless.dimse.steps import Buffer, Give, Operation, Receive, Send, Stopped
from filmless.errors import DicomError, LimitError, NetworkError, RemoteProtocolError

__all__ = ["find"]


def find(
    context: int, message_id: int, sop_class: str, identifier: Buffer, *, limit: int | None, most: int
) -> Operation[Dataset]:
    """Ask, and give the matches.

    Parameters
    ----------
    limit
        After how many the peer is told to stop.
    most
        How many are too many.
    """
    command = request_of("C-FIND", message_id, AffectedSOPClassUID=sop_class, Priority=0)
    yield Send(context, command, identifier)
    count = 0
    try:
        while True:
            message = response_of((yield Receive()), "C-FIND")
            if kind_of(message.status) != "pending":
                answered(message, "C-FIND")
                return
            if count == most:
                raise LimitError(f"more than {most} matches", limit="max_answers", value=most)
            match = message.dataset
            if match is None:
                raise RemoteProtocolError("the peer answers C-FIND with a match without identifier")
            count += 1
            yield Give(match)
            if count == limit:
                yield from cancel(context, message_id, "C-FIND")
                return
    except NetworkError:
        raise
    except Stopped:
        yield from cancel(context, message_id, "C-FIND")
    except DicomError:  # one that cannot be read: the rest would come for nobody
        yield from cancel(context, message_id, "C-FIND")
        raise
