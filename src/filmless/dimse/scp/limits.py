"""What peers may cost an SCP."""

from dataclasses import dataclass
from typing import Final

from filmless._core import UpperLayerLimits
from filmless.dimse.timeouts import Timeouts

__all__ = ["ScpLimits"]

_LEAST: Final = {
    "associations": 1,
    "associations_per_address": 1,
    "half_open": 1,
    "operations": 1,
    "maximum_length": 8,
    "pdu_bytes": 1 << 10,
    "waiting_bytes": 0,
    "lost_bytes": 0,
    "association_s": 0.01,
    "idle_s": 0.01,
    "response_s": 0.01,
    "total_s": 0.01,
    "stall_s": 0.01,
    "pace_bytes_s": 0,
    "linger_s": 0,
    "threads": 1,
    "threads_s": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpLimits:
    """Bounds on what peers may cost. None of them sizes an allocation.

    Attributes
    ----------
    associations
        Associations at a time; more are rejected for the time being.
    associations_per_address
        Of these, those of one address.
    half_open
        Connections on which no association is requested yet; for a new one the oldest is closed.
    operations
        Operations that an association may have in hand at a time, where the peer asks for an asynchronous operations
        window; without one it is one.
    maximum_length
        Bytes of a PDU that peers are asked to keep to.
    pdu_bytes
        Bytes of a PDU at the most, of peers that do not keep to it.
    piece_bytes
        Bytes of a data set that are gathered before they are handed over.
    waiting_bytes
        Bytes of data sets of an association that wait to be taken; with more, nothing is read.
    lost_bytes
        Bytes of a data set that are still taken, and dropped, once it is refused or could not be stored; with more the
        association is aborted.
    association_s
        Seconds until an association is requested, or its connection is closed at its end (ARTIM).
    idle_s
        Seconds without a request.
    response_s
        Seconds that a peer may take to answer what it is asked, as the C-STORE that belong to a C-GET.
    total_s
        Seconds that an association may last; without it there is no end.
    stall_s
        Seconds that a peer may be slow in the middle of a message, sending it or reading ours.
    pace_bytes_s
        Bytes in a second below which it is slow.
    linger_s
        Seconds that a peer has to close the connection after an abort or a rejection.
    threads
        Handlers that are no coroutines, and run at a time; and as many data sets that are written.
    threads_s
        Seconds that such a handler has to return once its association is over and the SCP ends: what it uses may be
        closed after that.
    """

    associations: int = 200
    associations_per_address: int = 100
    half_open: int = 4000
    operations: int = 8
    maximum_length: int = 131_072
    pdu_bytes: int = 16 << 20
    piece_bytes: int = 1 << 20
    waiting_bytes: int = 4 << 20
    lost_bytes: int = 4 << 30
    association_s: float = 30.0
    idle_s: float = 60.0
    response_s: float = 60.0
    total_s: float | None = None
    stall_s: float = 30.0
    pace_bytes_s: int = 256
    linger_s: float = 0.5
    threads: int = 16
    threads_s: float = 5.0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:  # NaN, too
                raise ValueError(f"`{name}` is {value}, expected {least} or more")

    @property
    def timeouts(self) -> Timeouts:
        """How long a link waits."""
        return Timeouts(
            association_s=self.association_s,
            idle_s=self.idle_s,
            response_s=self.response_s,
            total_s=self.total_s,
            stall_s=self.stall_s,
            pace_bytes_s=self.pace_bytes_s,
            linger_s=self.linger_s,
        )

    @property
    def upper_layer(self) -> UpperLayerLimits:
        """What the core lets come."""
        return UpperLayerLimits(pdu=self.pdu_bytes, artim_s=self.association_s, chunk=self.piece_bytes)
