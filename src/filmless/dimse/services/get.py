"""C-GET: instances over the association that asks for them (PS3.4 C.4.3)."""

from dataclasses import dataclass
from typing import Final

from filmless._core import Acceptable
from filmless.archive import Archive
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.information_models import GET, acceptable, extended
from filmless.dimse.services.retrieval import Retrieval
from filmless.dimse.services.sub_operations import SubOperations
from filmless.dimse.storage_classes import is_of_patient

__all__ = ["get"]

#: Any SOP class, in any transfer syntax, where the requestor says that it is the SCP of C-STORE (PS3.4 C.5.3).
_STORAGE: Final = Acceptable("1.2.840.10008.5.1.4.1.1.7", (), scu=False, scp=True)


def get(archive: Archive, *, most: int = 200_000, pending_s: float = 0.25) -> Service:
    """Answer C-GET from an archive: Patient Root, Study Root, Patient/Study Only, Composite Instance Root.

    Instances are sent as they are stored where the peer takes that, else transcoded without loss.

    Parameters
    ----------
    archive
        What is asked.
    most
        Instances that are sent for one request; a request for more is refused.
    pending_s
        Seconds between two pending answers.

    DICOM
    -----
    PS3.4 C.4.3, Y.4

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.dimse import Scp
    >>> from filmless.dimse.services.get import get
    >>> with Archive("archive") as archive:
    ...     scp = Scp("FILMLESS", [get(archive)])
    """
    getting = _Getting(Retrieval(archive, most), pending_s)
    return Service(
        acceptable(GET), {"C-GET": getting.answer}, otherwise=_STORAGE, takes=is_of_patient, extended=extended
    )


@dataclass(frozen=True, slots=True)
class _Getting:
    retrieval: Retrieval
    pending_s: float

    async def answer(self, request: Request) -> None:
        """Answer a request."""
        entries = await self.retrieval.entries(request)
        if entries is None:
            return
        doing = SubOperations(request, self.retrieval.archive, self.pending_s, len(entries))
        await doing.send(entries, request.association, is_scp=True)
        await doing.finish()
