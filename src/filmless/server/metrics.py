"""Metrics for Prometheus, in a registry of the server's own."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

__all__ = ["Measure", "Metrics"]

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Measure(NamedTuple):
    """What is asked for when the metrics are: a number for each value of a label."""

    name: str
    help: str
    label: str  # "" for one number without
    values: Callable[[], dict[str, float]]


class _Measures(Collector):
    def __init__(self) -> None:
        self.all: list[Measure] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for measure in self.all:
            family = GaugeMetricFamily(measure.name, measure.help, labels=[measure.label] if measure.label else [])
            for value, number in measure.values().items():
                family.add_metric([value] if measure.label else [], number)
            yield family


class Metrics:
    """The metrics of one server.

    Attributes
    ----------
    requests, seconds, in_flight, received, sent
        Of HTTP requests, by route.
    associations, open_associations, operations, operation_seconds, association_received, association_sent
        Of associations of DIMSE that come in, and their operations by message and kind of status.
    instances
        Instances that came in, by what became of them.
    forwarded
        Attempts to send an instance on, by peer and outcome.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._measures = _Measures()
        self._registry.register(self._measures)
        own = self._registry
        labels = ("method", "route", "status")
        self.requests = Counter("filmless_http_requests", "Requests that were answered.", labels, registry=own)
        self.seconds = Histogram(
            "filmless_http_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ("method", "route"),
            registry=own,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge("filmless_http_requests_in_flight", "Requests that are being answered.", registry=own)
        self.received = Counter("filmless_http_received_bytes", "Bytes of bodies of requests.", registry=own)
        self.sent = Counter("filmless_http_sent_bytes", "Bytes of bodies of answers.", registry=own)
        self._of_associations(own)
        self.instances = Counter("filmless_instances", "Instances that came in.", ("outcome",), registry=own)
        self.instance_bytes = Counter("filmless_instance_bytes", "Bytes of instances that were stored.", registry=own)
        self.forwarded = Counter("filmless_forwards", "Attempts to send on.", ("peer", "outcome"), registry=own)

    def _of_associations(self, own: CollectorRegistry) -> None:
        self.associations = Counter(
            "filmless_dimse_associations", "Associations that were requested.", ("outcome",), registry=own
        )
        self.open_associations = Gauge("filmless_dimse_associations_open", "Associations that are open.", registry=own)
        labels = ("message", "status")
        self.operations = Counter("filmless_dimse_operations", "Operations of peers.", labels, registry=own)
        self.operation_seconds = Histogram(
            "filmless_dimse_operation_seconds",
            "Seconds from a request to its last answer.",
            ("message",),
            registry=own,
            buckets=_SECONDS,
        )
        words = "Bytes that came over associations that have ended."
        self.association_received = Counter("filmless_dimse_received_bytes", words, registry=own)
        words = "Bytes that went over associations that have ended."
        self.association_sent = Counter("filmless_dimse_sent_bytes", words, registry=own)

    def measure(self, measure: Measure) -> None:
        """Add a number that is asked for when the metrics are."""
        self._measures.all.append(measure)

    def text(self) -> tuple[bytes, str]:
        """Return the metrics in Prometheus's text, and its media type. Blocks: some ask the index."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
