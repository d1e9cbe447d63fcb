"""A peer that an association is open to: what can be asked of it."""

from filmless.dimse.association import Association
from filmless.dimse.driving import run
from filmless.dimse.operations.echo import VERIFICATION, echo
from filmless.errors import LocalProtocolError

__all__ = ["Peer"]


class Peer:
    """A peer, while the association to it is open. `connect` gives one.

    Attributes
    ----------
    association
        Who it is, and what was negotiated.
    """

    def __init__(self, association: Association) -> None:
        self.association = association

    def _context(self, sop_class: str) -> int:
        context = self.association.context_for(sop_class)
        if context is None:
            raise LocalProtocolError("the peer did not accept this SOP class")
        return context.id

    async def echo(self) -> None:
        """Ask whether the peer is there (C-ECHO)."""
        async for _ in run(self.association.link, echo(self._context(VERIFICATION), self.association.link.next_id())):
            pass
