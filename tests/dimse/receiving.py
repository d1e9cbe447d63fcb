"""Peers that instances are sent to."""

import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import register_uid, uid_to_service_class

from .dcmtk import dcmtk

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"


@dataclass
class Received:
    """What came to a peer: of each instance the transfer syntax, the bytes, and who asked for it."""

    port: int = 0
    instances: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    originators: set[tuple[Any, Any]] = field(default_factory=set)


@contextmanager
def pynetdicom_scp(
    contexts: Sequence[tuple[str, Sequence[str]]], *, status: Callable[[evt.Event], int] = lambda _: 0
) -> Iterator[Received]:
    """Run a storage SCP of pynetdicom's."""
    received = Received()

    def store(event: evt.Event) -> int:
        request = event.request
        received.instances[request.AffectedSOPInstanceUID] = event.context.transfer_syntax, request.DataSet.getvalue()
        received.originators.add((request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID))
        return status(event)

    ae = AE("THERE")
    for sop_class, syntaxes in contexts:
        if uid_to_service_class(sop_class) is not StorageServiceClass:  # private or retired
            register_uid(sop_class, "Sop" + sop_class.replace(".", "_"), StorageServiceClass)
        ae.add_supported_context(sop_class, list(syntaxes))
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    assert server is not None
    received.port = server.socket.getsockname()[1]
    try:
        yield received
    finally:
        server.shutdown()


def free_port() -> int:
    """Find a port for a program that has to be told one."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str | Path], port: int) -> Iterator[None]:
    """Run a program that listens on a port, from when it does."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                try:
                    process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                raise AssertionError(f"{command[0]} ended") from None
        else:
            raise AssertionError(f"{command[0]} does not listen")
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """Run DCMTK's storescp, which writes what comes as it comes; gives its port."""
    port = free_port()
    with running([dcmtk("storescp"), "-aet", "THERE", "+B", "+xa", "-od", folder, str(port)], port):
        yield port
