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
        ARTIM: until an association is requested, answered or closed.
    idle_s
        How long nothing may come, neither in the middle of a message nor between messages.
    response_s
        How long the answer to a request may take: another matter than silence on the line, since a peer may have to
        work for it.
    total_s
        How long an association may last; None for as long as it likes.
    """

    connect_s: float = 10.0
    association_s: float = 30.0
    idle_s: float = 60.0
    response_s: float = 60.0
    total_s: float | None = None
