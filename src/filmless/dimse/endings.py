"""How an association ends before its time, as the exceptions of `filmless.errors`."""

from typing import Final

from filmless._core import Event
from filmless.errors import AssociationAborted, AssociationRejected, NetworkError, RemoteProtocolError

__all__ = ["ending_of"]

_REASONS: Final = {
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized parameter of a PDU",
    5: "unexpected parameter of a PDU",
    6: "invalid parameter of a PDU",
}
"""PS3.8 Table 9-26."""


def ending_of(event: Event) -> NetworkError | None:
    """Return what an event means for everyone who waits; None when the association goes on."""
    match event:
        case Event.Rejected(reject):
            return AssociationRejected(f"the peer rejects the association: {reject.message}")
        case Event.Aborted():
            return AssociationAborted("the peer aborted the association")
        case Event.ProviderAborted(reason):
            return AssociationAborted(f"the peer aborted the association: {_REASONS.get(reason, 'no reason given')}")
        case Event.Violated(_, message):
            return RemoteProtocolError(f"the peer broke the protocol: {message}")
        case Event.Lost():
            return AssociationAborted("the peer closed the connection without releasing the association")
        case Event.Released():
            return NetworkError("the association is released")
        case _:
            return None
