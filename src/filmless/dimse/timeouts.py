"""How long an association waits."""

from dataclasses import dataclass

__all__ = ["Timeouts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a peer is waited for, in seconds.

    Attributes
    ----------
    connect_s
        Until the transport connection is there.
    association_s
        ARTIM: until an association is requested, answered, or closed after its release.
    idle_s
        How long a peer that asked for the association may ask for nothing. What it asked for and still waits for does
        not count.
    response_s
        How long the answer to a request may take: another matter than silence on the line, since a peer may have to
        work for it.
    total_s
        How long an association may last; None for as long as it likes.
    stall_s
        How long a peer may be slow in the middle of a message, sending it or reading ours.
    pace_bytes_s
        Bytes in a second below which it is slow.
    linger_s
        How long a peer has to close the connection after an abort or a rejection.
    """

    connect_s: float = 10.0
    association_s: float = 30.0
    idle_s: float = 60.0
    response_s: float = 60.0
    total_s: float | None = None
    stall_s: float = 30.0
    pace_bytes_s: int = 256
    linger_s: float = 0.5
