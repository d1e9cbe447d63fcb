"""Peers that answer every operation: an SCP of pynetdicom's, and where peers of others are."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from filmless.security import client_tls

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


@dataclass
class Asked:
    """What was asked of a peer, in its order: the message, and what it was about."""

    port: int = 0
    seen: list[tuple[str, Any]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)


@contextmanager
def answering_everything(instances: list[Dataset], tls: ssl.SSLContext | None, move_to: int) -> Iterator[Asked]:
    """Run pynetdicom as the SCP of every operation.

    Of queries it finds the instances, one answer each, and for Patient ID ``ENDLESS`` goes on until it is cancelled.
    Of retrievals it sends the instances; MOVER is the only destination that it knows. For Study Instance UID ``1.9`` it
    waits for a C-CANCEL behind the first.
    """
    asked = Asked()

    def note(event: evt.Event) -> None:
        primitive = event.request
        name = type(primitive).__name__.replace("_", "-")
        uid = getattr(primitive, "RequestedSOPInstanceUID", None) or getattr(primitive, "AffectedSOPInstanceUID", None)
        asked.seen.append((name, uid))

    def until_cancelled(event: evt.Event) -> None:
        waiting = threading.Event()
        for _ in range(int(LONG_S / 0.01)):
            if event.is_cancelled:
                asked.cancelled.set()
                return
            waiting.wait(0.01)

    def echo(event: evt.Event) -> int:
        note(event)
        return 0

    def store(event: evt.Event) -> int:
        note(event)
        return 0

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        level = event.identifier.get("QueryRetrieveLevel", "worklist")
        asked.seen.append(("C-FIND", level))
        for ds in instances:
            yield 0xFF00, ds
            if event.identifier.get("PatientID") == "ENDLESS":
                until_cancelled(event)
                yield 0xFE00, None
                return

    def sub_operations(event: evt.Event) -> Iterator[Any]:
        yield len(instances)
        for ds in instances:
            yield 0xFF00, ds
            if event.identifier.get("StudyInstanceUID") == "1.9":
                until_cancelled(event)
                yield 0xFE00, None
                return

    def get(event: evt.Event) -> Iterator[Any]:
        asked.seen.append(("C-GET", event.identifier.QueryRetrieveLevel))
        yield from sub_operations(event)

    def move(event: evt.Event) -> Iterator[Any]:
        asked.seen.append(("C-MOVE", event.identifier.QueryRetrieveLevel))
        if event.move_destination != "MOVER":
            yield None, None
            return
        yield "127.0.0.1", move_to
        yield from sub_operations(event)

    def answer_with(of: Callable[[evt.Event], Dataset | None]) -> Callable[[evt.Event], tuple[int, Dataset | None]]:
        def answer(event: evt.Event) -> tuple[int, Dataset | None]:
            note(event)
            return 0, of(event)

        return answer

    def some_attributes(event: evt.Event) -> Dataset:
        ds = Dataset()
        ds.PerformedProcedureStepStatus = "IN PROGRESS"
        asked.seen.append(("attributes", [int(tag) for tag in event.attribute_identifiers]))
        return ds

    def act(event: evt.Event) -> tuple[int, None]:
        note(event)
        if event.action_type == 1 and event.request.RequestedSOPClassUID == COMMITMENT:
            wanted = event.action_information
            committed = Dataset()
            committed.TransactionUID = wanted.TransactionUID
            committed.ReferencedSOPSequence = wanted.ReferencedSOPSequence
            # After the answer, as a PACS does that has to look first; on the same association.
            thread = threading.Thread(
                target=event.assoc.send_n_event_report, args=(committed, 1, COMMITMENT, COMMITMENT_INSTANCE)
            )
            reports.append((event.assoc, thread))
        return 0, None

    reports: list[tuple[Any, threading.Thread]] = []

    def sent(event: evt.Event) -> None:
        """Report when the response to N-ACTION is out."""
        if type(event.message).__name__ == "N_ACTION_RSP" and reports:
            reports[-1][1].start()

    ae = AE("THERE")
    for uid in (VERIFICATION, *PATIENT, *STUDY, WORKLIST, STEP, STEP_RETRIEVE, FILM_SESSION):
        ae.add_supported_context(uid, [EXPLICIT, IMPLICIT])
    for uid in (CT, SR, COMMITMENT):
        ae.add_supported_context(uid, [EXPLICIT, IMPLICIT], scu_role=True, scp_role=True)
    handlers: list[Any] = [
        (evt.EVT_C_ECHO, echo),
        (evt.EVT_C_STORE, store),
        (evt.EVT_C_FIND, find),
        (evt.EVT_C_GET, get),
        (evt.EVT_C_MOVE, move),
        (evt.EVT_N_CREATE, answer_with(lambda event: event.attribute_list)),
        (evt.EVT_N_SET, answer_with(lambda event: event.modification_list)),
        (evt.EVT_N_GET, answer_with(some_attributes)),
        (evt.EVT_N_ACTION, act),
        (evt.EVT_N_EVENT_REPORT, answer_with(lambda event: None)),
        (evt.EVT_N_DELETE, echo),
        (evt.EVT_DIMSE_SENT, sent),
    ]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
    assert server is not None
    asked.port = server.socket.getsockname()[1]
    try:
        yield asked
        for _, thread in reports:
            thread.join(LONG_S)
    finally:
        server.shutdown()
