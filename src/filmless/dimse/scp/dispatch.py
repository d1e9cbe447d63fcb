"""Which of an SCP's services a SOP class and a message belong to."""

from collections.abc import Iterable, Sequence

from filmless._core import Acceptable, AssociateRequest, ExtendedNegotiation, Policy
from filmless.dimse.scp.service import Handler, Service

__all__ = ["Dispatch"]


class Dispatch:
    """The services of an SCP as one.

    Parameters
    ----------
    services
        In the order in which they are asked; those that name a SOP class come before those that take others too.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = tuple(services)
        self._named = frozenset(name for service in services for name in service.sop_classes)

    def policy(self, request: AssociateRequest) -> Policy:
        """Return what is taken of what a peer proposes."""
        proposed = dict.fromkeys(context.abstract_syntax for context in request.contexts)
        return Policy([one for name in proposed if (one := self._acceptable(name)) is not None])

    def _acceptable(self, sop_class: str) -> Acceptable | None:
        found = [one for service in self._of(sop_class) if (one := service.acceptable(sop_class)) is not None]
        if not found:
            return None
        syntaxes = [] if any(not one.transfer_syntaxes for one in found) else _union(found)
        return Acceptable(sop_class, syntaxes, any(one.scu for one in found), any(one.scp for one in found))

    def handler(self, sop_class: str, message: str) -> Handler | None:
        """Return what answers a message; None without one."""
        for service in self._of(sop_class):
            if message in service.handlers and service.acceptable(sop_class) is not None:
                return service.handlers[message]
        return None

    def extended(self, request: AssociateRequest) -> list[ExtendedNegotiation]:
        """Return the answers to the extended negotiation of SOP classes (PS3.7 D.3.3.5)."""
        answers = {}
        for asked in request.user.extended:
            for service in self._of(asked.sop_class):
                if service.extended is None or service.acceptable(asked.sop_class) is None:
                    continue
                answer = service.extended(asked.sop_class, asked.information)
                if answer is not None:
                    answers[asked.sop_class] = ExtendedNegotiation(asked.sop_class, answer)
                    break
        return list(answers.values())

    def _of(self, sop_class: str) -> Iterable[Service]:
        """Return the services that may be meant. One that takes all others takes what no other names."""
        for service in self._services:
            if sop_class in service.sop_classes:
                yield service
        for service in self._services:
            is_other = service.takes is not None or sop_class not in self._named
            if sop_class not in service.sop_classes and service.otherwise is not None and is_other:
                yield service


def _union(found: Iterable[Acceptable]) -> list[str]:
    return list(dict.fromkeys(name for one in found for name in one.transfer_syntaxes))
