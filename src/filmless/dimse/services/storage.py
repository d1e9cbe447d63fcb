"""Storage: what peers send goes into the archive (PS3.4 B)."""

from concurrent.futures import Future

from filmless.archive import Archive, Incoming, Outcome, Within
from filmless.dimse.part10 import head
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.storing import require_match, storing
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.dimse.storage_classes import is_of_patient
from filmless.errors import FormatError

__all__ = ["storage"]


def storage(archive: Archive, *, unknown: bool = True) -> Service:
    """Answer C-STORE: success when the instance is on disk and in the index.

    Parameters
    ----------
    archive
        Where instances go.
    unknown
        Whether SOP classes are taken that are private, or newer than this version.

    Notes
    -----
    The bytes of the data set are stored as they came, in the transfer syntax they came in. Several associations share
    the commits of the archive. What has the UID of an instance that is there is success, too: the archive's policy says
    what becomes of it. An archive keeps what is of a patient and a study: SOP classes of others, as Hanging Protocol
    Storage, are not accepted when an association is negotiated, so that a sender knows before it sends.

    DICOM
    -----
    PS3.4 B.2, B.4.1

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.dimse import Scp
    >>> from filmless.dimse.services.storage import storage
    >>> with Archive("archive") as archive:
    ...     scp = Scp("FILMLESS", [storage(archive)])
    """

    def open_sink(request: Request, message: Message) -> Sink:
        return _IntoArchive(archive, message, sender=request.association.calling_ae_title, within=request.within)

    return storing(open_sink, unknown=unknown, note=_note, takes=is_of_patient)


def _note(request: Request, outcome: Outcome) -> None:
    request.studies.add(outcome.study_uid)
    if outcome.kind == "quarantined":
        request.counts["set_aside"] = 1


class _IntoArchive:
    """An instance on its way into the archive."""

    __slots__ = ("_archive", "_incoming", "_message", "_sender", "_within")

    def __init__(self, archive: Archive, message: Message, *, sender: str, within: Within) -> None:
        self._archive, self._message, self._sender, self._within = archive, message, sender, within
        self._incoming: Incoming | None = None

    def write(self, piece: Buffer) -> None:
        if self._incoming is not None:
            self._incoming.write(piece)
            return
        require_match(self._message, piece)
        command = self._message.command
        self._incoming = self._archive.receive()
        begin = head(
            command["AffectedSOPClassUID"],
            command["AffectedSOPInstanceUID"],
            self._message.context.transfer_syntax,
            sender=self._sender,
        )
        self._incoming.write(begin, piece)

    def finish(self) -> Future[Outcome]:
        if self._incoming is None:
            raise FormatError("the data set is empty")
        return self._incoming.submit(within=self._within, is_waited_for=True)

    def discard(self) -> None:
        if self._incoming is not None:
            self._incoming.__exit__(None, None, None)
