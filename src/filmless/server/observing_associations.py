"""Around every association: its metrics, and its line in the log."""

from filmless._core import AssociateRequest
from filmless.server.logs import Log
from filmless.server.metrics import Metrics

__all__ = ["AssociationObserver"]


class AssociationObserver:
    """Counts associations and their operations.

    Parameters
    ----------
    metrics
        Where they are counted.
    log
        Where a line for each goes; what a peer is refused for is told to everyone who looks after the server.
    """

    def __init__(self, *, metrics: Metrics, log: Log) -> None:
        self._metrics, self._log = metrics, log

    def began(self, request: AssociateRequest | None, address: str, outcome: str, reason: str | None) -> None:
        """Count an association."""
        self._metrics.associations.labels(outcome).inc()
        calling = "" if request is None else request.calling_ae_title
        if outcome == "success":
            self._metrics.open_associations.inc()
            self._log.debug("association", calling=calling, **{"from": address})
        else:
            called = "" if request is None else request.called_ae_title
            values = {"calling": calling, "called": called, "reason": reason, "from": address}
            self._log.info("an association is refused", **values)

    def ended(self, received: int, sent: int) -> None:
        """Count the bytes of an association that has ended."""
        self._metrics.open_associations.dec()
        self._metrics.association_received.inc(received)
        self._metrics.association_sent.inc(sent)

    def operated(self, message: str, kind: str, seconds: float) -> None:
        """Count an operation."""
        self._metrics.operations.labels(message, kind).inc()
        self._metrics.operation_seconds.labels(message).observe(seconds)
        # The audit has a line for each operation.
        self._log.debug("operation", message=message, status=kind, ms=round(seconds * 1000, 1))
