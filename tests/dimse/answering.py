"""Peers that answer every operation: an SCP of pynetdicom's, and where peers of others are."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt

from filmless.security import client_tls, server_tls
from filmless.security.options import TlsOptions

from .talking import Authority

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
PATIENT, STUDY = ([f"1.2.840.10008.5.1.4.1.2.{root}.{end}" for end in (1, 2, 3)] for root in (1, 2))
WORKLIST = "1.2.840.10008.5.1.4.31"
STEP, STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4"
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
FILM_SESSION = "1.2.840.10008.5.1.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"

LONG_S = 60.0


@dataclass(frozen=True)
class There:
    """Where a peer is, and how it is spoken to."""

    title: str
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        return f"{self.title}@127.0.0.1:{self.port}"


def our_tls(authority: Authority | None) -> ssl.SSLContext | None:
    """Return the context that we ask with, and show a certificate; None without TLS."""
    if authority is None:
        return None
    return client_tls(authorities=authority.certificate, certificate=authority.folder / "ct.pem")


def our_server_tls(authority: Authority | None) -> ssl.SSLContext | None:
    """Return the context that we answer with, and ask for a certificate."""
    if authority is None:
        return None
    own = authority.folder / "server.pem"
    return server_tls(TlsOptions(certificate=own, authorities=authority.certificate, client_certificates="required"))


def their_tls(authority: Authority | None) -> ssl.SSLContext | None:
    """Return the context of `ssl` that a peer answers with, without any of our code."""
    if authority is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / "server.pem")
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_of_caller(authority: Authority | None) -> ssl.SSLContext | None:
    """Return the context of `ssl` that a peer asks with, without any of our code."""
    if authority is None:
        return None
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.load_cert_chain(authority.folder / "ct.pem")
    return context


def dcmtk_tls(authority: Authority | None, name: str) -> list[object]:
    """Return the options of DCMTK's programs that have TLS."""
    if authority is None:
        return []
    at = authority.folder
    return ["+tls", at / f"{name}.key", at / f"{name}.crt", "+cf", authority.certificate]


class Everything:
    """pynetdicom as the SCP of every operation.

    Queries find the instances, one answer each; one for Patient ID ``ENDLESS`` goes on until it is cancelled.
    Retrievals send the instances, moves to MOVER alone; those of Study Instance UID ``1.9`` wait for a C-CANCEL behind
    the first.
    """

    def __init__(self, instances: list[Dataset], move_to: int) -> None:
        #: What was asked for, in its order: the message, and what it was about.
        self.seen: list[tuple[str, Any]] = []
        self.cancelled = threading.Event()
        self.port = 0
        self._instances, self._move_to = instances, move_to
        self._reports: list[threading.Thread] = []

    def _note(self, event: evt.Event) -> int:
        request = event.request
        uid = getattr(request, "RequestedSOPInstanceUID", None) or getattr(request, "AffectedSOPInstanceUID", None)
        self.seen.append((type(request).__name__.replace("_", "-"), uid))
        return 0

    def _until_cancelled(self, event: evt.Event) -> None:
        waiting = threading.Event()
        for _ in range(int(LONG_S / 0.01)):
            if event.is_cancelled:
                self.cancelled.set()
                return
            waiting.wait(0.01)

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        self.seen.append(("C-FIND", event.identifier.get("QueryRetrieveLevel", "worklist")))
        for ds in self._instances:
            yield 0xFF00, ds
            if event.identifier.get("PatientID") == "ENDLESS":
                self._until_cancelled(event)
                yield 0xFE00, None
                return

    def _sub_operations(self, event: evt.Event) -> Iterator[Any]:
        yield len(self._instances)
        for ds in self._instances:
            yield 0xFF00, ds
            if event.identifier.get("StudyInstanceUID") == "1.9":
                self._until_cancelled(event)
                yield 0xFE00, None
                return

    def _get(self, event: evt.Event) -> Iterator[Any]:
        self.seen.append(("C-GET", event.identifier.QueryRetrieveLevel))
        yield from self._sub_operations(event)

    def _move(self, event: evt.Event) -> Iterator[Any]:
        self.seen.append(("C-MOVE", event.identifier.QueryRetrieveLevel))
        if event.move_destination != "MOVER":
            yield None, None
            return
        yield "127.0.0.1", self._move_to, {"contexts": [build_context(uid, [EXPLICIT, IMPLICIT]) for uid in (CT, SR)]}
        yield from self._sub_operations(event)

    def _create(self, event: evt.Event) -> tuple[int, Dataset]:
        return self._note(event), event.attribute_list

    def _set(self, event: evt.Event) -> tuple[int, Dataset]:
        return self._note(event), event.modification_list

    def _attributes(self, event: evt.Event) -> tuple[int, Dataset]:
        self._note(event)
        self.seen.append(("attributes", [int(tag) for tag in event.attribute_identifiers]))
        ds = Dataset()
        ds.PerformedProcedureStepStatus = "IN PROGRESS"
        return 0, ds

    def _act(self, event: evt.Event) -> tuple[int, None]:
        self._note(event)
        if event.request.RequestedSOPClassUID == COMMITMENT:
            wanted = event.action_information
            told = Dataset()
            told.TransactionUID, told.ReferencedSOPSequence = wanted.TransactionUID, wanted.ReferencedSOPSequence
            report = event.assoc.send_n_event_report
            self._reports.append(threading.Thread(target=report, args=(told, 1, COMMITMENT, COMMITMENT_INSTANCE)))
        return 0, None

    def _told(self, event: evt.Event) -> tuple[int, None]:
        return self._note(event), None

    def _sent(self, event: evt.Event) -> None:
        """Report on the association of the request, when that is answered."""
        if type(event.message).__name__ == "N_ACTION_RSP" and self._reports:
            self._reports[-1].start()

    @contextmanager
    def listening(self, tls: ssl.SSLContext | None) -> Iterator[None]:
        """Listen at a port of its own."""
        ae = AE("THERE")
        for uid in (VERIFICATION, *PATIENT, *STUDY, WORKLIST, STEP, STEP_RETRIEVE, FILM_SESSION):
            ae.add_supported_context(uid, [EXPLICIT, IMPLICIT])
        for uid in (CT, SR, COMMITMENT):
            ae.add_supported_context(uid, [EXPLICIT, IMPLICIT], scu_role=True, scp_role=True)
        handlers: list[Any] = [
            (evt.EVT_C_ECHO, self._note),
            (evt.EVT_C_STORE, self._note),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_GET, self._get),
            (evt.EVT_C_MOVE, self._move),
            (evt.EVT_N_CREATE, self._create),
            (evt.EVT_N_SET, self._set),
            (evt.EVT_N_GET, self._attributes),
            (evt.EVT_N_ACTION, self._act),
            (evt.EVT_N_EVENT_REPORT, self._told),
            (evt.EVT_N_DELETE, self._note),
            (evt.EVT_DIMSE_SENT, self._sent),
        ]
        server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
        assert server is not None
        self.port = server.socket.getsockname()[1]
        try:
            yield
            for thread in self._reports:
                thread.join(LONG_S)
        finally:
            server.shutdown()


@contextmanager
def answering_everything(instances: list[Dataset], tls: ssl.SSLContext | None, move_to: int) -> Iterator[Everything]:
    """Run pynetdicom as the SCP of every operation; MOVER is at a port."""
    everything = Everything(instances, move_to)
    with everything.listening(tls):
        yield everything
