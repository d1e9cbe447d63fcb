"""What an association and its operations leave in the audit: who, from where, what, the outcome; UIDs, no names."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from filmless._core import AssociateRequest
from filmless.dimse.association import Association
from filmless.dimse.scp.request import Request
from filmless.dimse.status import kind_of
from filmless.file.uid_grammar import is_uid

if TYPE_CHECKING:
    from filmless.security import Audit

__all__ = ["Auditing"]

_TOGETHER: Final = 100
_OUTCOMES: Final = {"success": "success", "warning": "success", "pending": "aborted", "cancel": "cancelled"}


class Auditing:
    """Writes lines; without an audit, none.

    Parameters
    ----------
    audit
        Where lines go. A place for a line is taken before what it tells of begins: `reserve`.
    """

    def __init__(self, audit: "Audit | None") -> None:
        self._audit = audit

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
        if self._audit is None:
            return
        titles = {} if request is None else {"calling": request.calling_ae_title, "called": request.called_ae_title}
        fields = {**_who(principal, address, time.time()), "operation": "association", "outcome": outcome}
        self._audit.write_reserved({**fields, **titles, **more})

    def operation(self, association: Association, request: Request, began: float) -> None:
        """Write the line of an operation."""
        if self._audit is None:
            return
        status = request.status
        uids: dict[str, Any] = {
            name: uid
            for name, uid in (("sop_class", request.sop_class_uid), ("instance", request.sop_instance_uid))
            if uid is not None and is_uid(uid)
        }
        if request.studies:
            uids["studies"] = sorted(request.studies)[:_TOGETHER]
        self._audit.write_reserved(
            {
                **_who(association.principal, association.address[0], began),
                "operation": request.message,
                "calling": association.calling_ae_title,
                "outcome": "aborted" if status is None else _OUTCOMES.get(kind_of(status), "failed"),
                "status": None if status is None else f"{status:04X}",
                "uids": uids,
                **request.counts,
                "ms": round((time.time() - began) * 1000, 1),
            }
        )


def _who(principal: Any, address: str, began: float) -> dict[str, object]:
    return {
        "time": datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "who": None if principal is None else principal.name,
        "by": None if principal is None else principal.by,
        "from": address,
        "protocol": "DIMSE",
    }
