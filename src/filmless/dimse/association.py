"""An association that is established: who the peer is, and what was negotiated."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from filmless._core import AssociateAccept, AssociateRequest, NegotiatedContext
from filmless.dimse.link import Link

__all__ = ["Association", "Negotiated"]

_ANY: Final = 0xFFFF  # operations: there are no more Message IDs


@dataclass(slots=True, eq=False)
class Negotiated:
    """Who is at both ends of an association, and what they agreed on.

    Attributes
    ----------
    request, acceptance
        What was asked for, and what was answered.
    address
        Of the peer: host and port.
    contexts
        The presentation contexts that were accepted.
    """

    request: AssociateRequest
    acceptance: AssociateAccept
    address: tuple[str, int]
    contexts: list[NegotiatedContext]

    @property
    def calling_ae_title(self) -> str:
        """AE title of who asked for the association."""
        return self.request.calling_ae_title

    @property
    def called_ae_title(self) -> str:
        """AE title of who was asked."""
        return self.request.called_ae_title

    def extended(self, sop_class: str) -> bytes | None:
        """Return what the extended negotiation of a SOP class agreed on (PS3.7 D.3.3.5); None without one."""
        for one in self.acceptance.user.extended:
            if one.sop_class == sop_class:
                return one.information
        return None

    def context_for(self, sop_class: str, transfer_syntax: str | None = None) -> NegotiatedContext | None:
        """Return a presentation context for a SOP class, with a transfer syntax if that counts; None without one."""
        for context in self.contexts:
            if context.abstract_syntax == sop_class and transfer_syntax in {None, context.transfer_syntax}:
                return context
        return None


@dataclass(slots=True, eq=False)
class Association(Negotiated):
    """An association that is established.

    Attributes
    ----------
    link
        What moves its messages.
    principal
        Who the peer is for the permissions: a `filmless.security.Principal`.
    turns
        Taken for each operation that services ask of the peer, as the C-STORE of C-GET: as many may be in hand at a
        time as was negotiated, one without that (PS3.7 D.3.3.3).
    """

    link: Link
    principal: Any = None
    notes: dict[str, Any] = field(default_factory=dict)
    turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        window = self.acceptance.user.operations_window
        ours = None if window is None else window.invoked if self.link.connection.is_requestor else window.performed
        self.turns = asyncio.Semaphore(1 if ours is None else ours or _ANY)
