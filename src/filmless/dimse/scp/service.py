"""What an SCP can do: the SOP classes of a service, and what answers their requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from filmless._core import Acceptable
from filmless.dimse.scp.request import Request

__all__ = ["Handler", "Service"]

Handler: TypeAlias = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """A service of an SCP.

    Attributes
    ----------
    accepted
        Its SOP classes, and the transfer syntaxes they are taken in.
    handlers
        What answers a request, by the name of the message: ``"C-STORE"``.
    otherwise
        What is taken of every SOP class that no service names; None takes no other.
    extended
        What is answered to the extended negotiation of a SOP class: its UID and what the requestor sent become what is
        answered, or None. Without it there is no answer.
    """

    accepted: tuple[Acceptable, ...]
    handlers: Mapping[str, Handler]
    otherwise: Acceptable | None = None
    extended: Callable[[str, bytes], bytes | None] | None = None
    sop_classes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sop_classes", frozenset(one.abstract_syntax for one in self.accepted))
