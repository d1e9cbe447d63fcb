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
        What is taken of SOP classes that the service does not name; None takes no other.
    takes
        Which SOP classes that holds for, as `is_storage` of `filmless.dimse.storage_classes`; None for all
        that no service names.
    extended
        What is answered to the extended negotiation of a SOP class: its UID and what the requestor sent become what is
        answered, or None. Without it there is no answer.

    Notes
    -----
    What services accept of a SOP class is put together: one takes CT Image Storage of an SCU, another has peers be its
    SCP for the sake of C-GET (``Acceptable(…, scu=False, scp=True)``).
    """

    accepted: tuple[Acceptable, ...]
    handlers: Mapping[str, Handler]
    otherwise: Acceptable | None = None
    takes: Callable[[str], bool] | None = None
    extended: Callable[[str, bytes], bytes | None] | None = None
    sop_classes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sop_classes", frozenset(one.abstract_syntax for one in self.accepted))

    def acceptable(self, sop_class: str) -> Acceptable | None:
        """Return what is taken of a SOP class; None when it is not."""
        for one in self.accepted:
            if one.abstract_syntax == sop_class:
                return one
        is_other = self.otherwise is not None and (self.takes is None or self.takes(sop_class))
        return self.otherwise if is_other else None
