"""What an association and its operations leave in the audit: who, from where, what, the outcome; UIDs, no names."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from filmless._core import AssociateRequest
from filmless.dimse.association import Association
from filmless.dimse.scp.request import Request
from filmless.dimse.status import kind_of
from filmless.file.uid_grammar import is_uid

if TYPE_CHECKING:
    from filmless.security import Audit

__all__ = ["Auditing", "Observer"]

_TOGETHER: Final = 100
_OUTCOMES: Final = {"success": "success", "warning": "success", "pending": "aborted", "cancel": "cancelled"}


class Observer(Protocol):
    """Is told what happens, as for metrics. It must not block."""

    def began(self, request: AssociateRequest | None, address: str, outcome: str, reason: str | None) -> None:
        """Take that an association began or was rejected; without a request it was by TLS."""

    def ended(self, received: int, sent: int) -> None:
        """Take that one which began has ended, and how many bytes came and went."""

    def operated(self, message: str, kind: str, seconds: float) -> None:
        """Take that an operation ended: with which kind of status, or ``"aborted"``."""


class Auditing:
    """Writes lines; without an audit, none.

    Parameters
    ----------
    audit
        Where lines go. A place for a line is taken before what it tells of begins: `reserve`.
    observer
        Who is told, too.
    """

    def __init__(self, audit: "Audit | None", observer: Observer | None = None) -> None:
        self._audit, self._observer = audit, observer

    async def reserve(self) -> None:
        """Take a place for a line.

        Raises
        ------
        SecurityError
            There is none.
        """
        if self._audit is not None:
            await self._audit.reserve()

    def association(
        self, request: AssociateRequest | None, address: str, outcome: str, *, principal: Any = None, **more: object
    ) -> None:
        """Write the line of an association that begins, or is rejected."""
        if self._observer is not None:
            reason = more.get("reason")
            self._observer.began(request, address, outcome, None if reason is None else str(reason))
        if self._audit is None:
            return
        titles = {} if request is None else {"calling": request.calling_ae_title, "called": request.called_ae_title}
        fields = {**_who(principal, address, time.time()), "operation": "association", "outcome": outcome}
        self._audit.write_reserved({**fields, **titles, **more})

    def unheard(self, address: str, reason: str) -> None:
        """Take that a connection ended without a request; the audit has no line for what anyone can do."""
        if self._observer is not None:
            self._observer.began(None, address, "rejected", reason)

    def ended(self, received: int, sent: int) -> None:
        """Take that an association has ended: the audit has its operations, and no line for this."""
        if self._observer is not None:
            self._observer.ended(received, sent)

    def operation(self, association: Association, request: Request, began: float) -> None:
        """Write the line of an operation."""
        status = request.status
        if self._observer is not None:
            kind = "aborted" if status is None else kind_of(status)
            self._observer.operated(request.message, kind, time.time() - began)
        if self._audit is None:
            return
        uids: dict[str, Any] = {
            name: uid
            for name, uid in (("sop_class", request.sop_class_uid), ("instance", request.sop_instance_uid))
            if uid is not None and is_uid(uid)
        }
        if request.studies:
            uids["studies"] = sorted(request.studies)[:_TOGETHER]
            if len(request.studies) > _TOGETHER:
                uids["more"] = len(request.studies) - _TOGETHER
        self._audit.write_reserved(
            {
                **_who(association.principal, association.address[0], began),
                "operation": request.message,
                "calling": association.calling_ae_title,
                **({} if request.sent_to is None else {"sent_to": request.sent_to}),
                "outcome": "aborted" if status is None else _OUTCOMES.get(kind_of(status), "failed"),
                "status": None if status is None else f"{status:04X}",
                "uids": uids,
                **request.counts,
                "ms": round((time.time() - began) * 1000, 1),
            }
        )

    async def further(self, association: Association, request: Request, began: float) -> None:
        """Write further lines of an operation that was about more studies than go into one."""
        if self._audit is None or len(request.studies) <= _TOGETHER:
            return
        fields = {**_who(association.principal, association.address[0], began), "operation": request.message}
        studies = sorted(request.studies)
        for start in range(_TOGETHER, len(studies), _TOGETHER):
            await self._audit.reserve()
            uids = {"studies": studies[start : start + _TOGETHER]}
            self._audit.write_reserved(
                {**fields, "calling": association.calling_ae_title, "uids": uids, "continued": True}
            )


def _who(principal: Any, address: str, began: float) -> dict[str, object]:
    return {
        "time": datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "who": None if principal is None else principal.name,
        "by": None if principal is None else principal.by,
        "from": address,
        "protocol": "DIMSE",
    }
