"""What the server's application entity can do: the services of DIMSE on its archive."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from filmless.archive import Archive, Outcome
from filmless.dimse.scp.service import Service
from filmless.dimse.services.availability import Availability, availability
from filmless.dimse.services.commitment import StorageCommitment
from filmless.dimse.services.get import get
from filmless.dimse.services.move import move
from filmless.dimse.services.mpps import performed_procedure_steps, step_notice
from filmless.dimse.services.notifying import Notifier
from filmless.dimse.services.performed_steps import PerformedSteps
from filmless.dimse.services.query import query
from filmless.dimse.services.storage import storage
from filmless.dimse.services.verification import verification
from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.server.known_peers import KnownPeers
from filmless.server.settings.tree import Settings

__all__ = ["Offered", "offered"]


@dataclass(frozen=True, slots=True)
class Offered:
    """Services, and what of them others use, too.

    Attributes
    ----------
    services
        For an `Scp`.
    worklist
        The items of the worklist.
    steps
        Performed procedure steps.
    arrived
        Is told what became of each instance, from any thread.
    work
        What runs beside, as long as there are associations: reports and notices.
    """

    services: list[Service]
    worklist: WorklistFolder
    steps: PerformedSteps
    arrived: Callable[[Outcome], None]
    work: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


def offered(settings: Settings, archive: Archive) -> Offered:
    """Make the services of the settings, on an archive. Nothing is begun, and no folder is made.

    Raises
    ------
    DicomError
        A certificate for a peer cannot be read.
    """
    dimse, peers = settings.dimse, KnownPeers(settings)
    limits, reports = dimse.query, dimse.commitment
    items = WorklistFolder(dimse.worklist or settings.data / "worklist")
    steps = PerformedSteps(settings.data / "performed-steps")
    commitment = StorageCommitment(
        archive,
        peers=peers.reporting,
        on_same_association=reports.on_same_association,
        attempts=reports.attempts,
        first_delay_s=reports.first_delay_s,
        longest_delay_s=reports.longest_delay_s,
    )
    of_instances, of_steps = Notifier(peers.wanting("availability")), Notifier(peers.wanting("steps"))
    announcing = Availability(archive, of_instances, ae_title=dimse.ae_title, quiet_s=dimse.quiet_s)
    services = [
        verification(),
        query(archive, most=limits.answers, timeout_s=limits.query_s, reading=limits.reading),
        move(archive, peers.destinations, most=limits.instances),
        get(archive, most=limits.instances),
        worklist(items, progress=steps.progress),
        *performed_procedure_steps(steps, told=lambda step: of_steps.tell(step_notice(step))),
        availability(),
        commitment.service,
        storage(archive, unknown=dimse.unknown_sop_classes),
    ]
    work = (commitment.run, announcing.run, of_instances.run, of_steps.run)
    return Offered(services, items, steps, announcing.arrived, work)
