"""Sending on to application entities: one that is away and comes up, one that refuses, one that hangs up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from filmless.archive import Archive
from filmless.file import read
from filmless.server.forwarding import Forwarder, Queue, enqueue
from filmless.server.metrics import Metrics
from filmless.server.settings.peer import Peer
from filmless.server.settings.tree import Forwarding
from tests.dimse.dcmtk import dcmtk
from tests.dimse.receiving import free_port, pynetdicom_scp, running
from tests.server.conftest import instance, until

CT, EXPLICIT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"


@contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    with running([dcmtk("storescp"), *options, "-aet", "THERE", "-od", str(folder), str(port)], port):
        yield


@pytest.fixture
def queued(tmp_path: Path, ct: Path) -> Iterator[SimpleNamespace]:
    """An archive with three instances that wait for an application entity, and a forwarder that is turned by hand."""
    with Archive(tmp_path / "data") as archive:
        queue, port, metrics = Queue(archive.index.database), free_port(), Metrics()
        archive.index.on_written = lambda transaction, placed: enqueue(
            transaction, [(record, ["there"]) for record, _, _ in placed]
        )
        for number in (1, 2, 3):
            archive.store(instance(ct, number))
        known = Peer(ae_title="THERE", host="127.0.0.1", port=port, timeout_s=10.0)
        found = SimpleNamespace(archive=archive, queue=queue, port=port, metrics=metrics, folder=tmp_path / "received")

        def turned(peer: Peer) -> None:
            log = structlog.testing.CapturingLogger()
            forwarder = Forwarder(
                archive,
                queue,
                settings=Forwarding(attempts=3, first_delay_s=0.0, longest_delay_s=0.0),
                peers={"there": peer},
                log=log,
                metrics=Metrics(),
            )
            turn = forwarder.activities[0]._work
            found.turn = lambda: turn(threading.Event())

        found.to = turned
        turned(known)
        yield found


def test_one_that_is_down_and_comes_up(queued) -> None:
    queued.turn()
    rows = queued.queue.rows()
    assert {row.attempts for row in rows} == {0}, "nothing is held against what waits"
    assert "nobody listens there" in rows[0].error
    with storescp(queued.folder, queued.port):
        until(lambda: queued.turn() is not None and not queued.queue.rows(), "all is sent")
    assert {read(path).SOPInstanceUID for path in queued.folder.iterdir()} == {f"1.2.1.1.{n}" for n in (1, 2, 3)}


def test_one_association_for_what_waits(queued) -> None:
    with pynetdicom_scp([(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT])]) as there:
        opened = []
        queued.to(Peer(ae_title="THERE", host="127.0.0.1", port=there.port))
        accept = socket.socket.accept

        def counted(self: socket.socket) -> object:
            connection = accept(self)
            opened.append(connection)
            return connection

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "accept", counted)
            queued.turn()
        assert len(there.instances) == 3
        assert len(opened) == 1
    assert queued.queue.rows() == []


def test_what_a_peer_does_not_take_as_it_is_stored_is_transcoded(queued, pydicom_files: list[Path]) -> None:
    compressed = next(path for path in pydicom_files if path.name == "MR_small_RLE.dcm")
    queued.archive.store(compressed)
    sop_class = str(read(compressed).SOPClassUID)
    with pynetdicom_scp([(CT, [IMPLICIT]), (sop_class, [IMPLICIT]), (VERIFICATION, [IMPLICIT])]) as there:
        queued.to(Peer(ae_title="THERE", host="127.0.0.1", port=there.port))
        queued.turn()
        assert {syntax for syntax, _ in there.instances.values()} == {IMPLICIT}
        assert len(there.instances) == 4
    assert queued.queue.rows() == []


@pytest.mark.parametrize(
    ("status", "attempts"), [(0xA700, 3), (0xC000, 3), (0xA900, 1), (0x0122, 1)], ids=["A700", "C000", "A900", "0122"]
)
def test_a_status_of_failure_is_tried_again_or_set_aside(queued, status: int, attempts: int) -> None:
    fails = "1.2.1.1.2"
    contexts = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT])]

    def answer(event) -> int:
        return status if event.request.AffectedSOPInstanceUID == fails else 0

    with pynetdicom_scp(contexts, status=answer) as there:
        queued.to(Peer(ae_title="THERE", host="127.0.0.1", port=there.port))
        until(lambda: queued.turn() is not None and all(row.state == "dead" for row in queued.queue.rows()), "it ends")
    [row] = queued.queue.rows()
    assert (row.instance_uid, row.attempts) == (fails, attempts)
    assert f"{status:04X}" in row.error


def test_one_that_takes_no_such_class_refuses_the_instance_and_not_the_association(queued) -> None:
    with pynetdicom_scp([(VERIFICATION, [IMPLICIT])]) as there:
        queued.to(Peer(ae_title="THERE", host="127.0.0.1", port=there.port))
        queued.turn()
    rows = queued.queue.rows()
    assert {row.attempts for row in rows} == {1}
    assert "CT Image Storage" in rows[0].error


def test_one_that_rejects_the_association_is_away(queued) -> None:
    with storescp(queued.folder, queued.port, "--refuse"):
        queued.turn()
    rows = queued.queue.rows()
    assert {(row.attempts, row.state) for row in rows} == {(0, "waiting")}
    assert "reject" in rows[0].error


def test_one_that_hangs_up_gets_the_rest_when_it_is_back(queued) -> None:
    with storescp(queued.folder, queued.port, "--abort-after"):
        queued.turn()
    assert {row.state for row in queued.queue.rows()} == {"waiting"}
    with storescp(queued.folder, queued.port):
        until(lambda: queued.turn() is not None and not queued.queue.rows(), "all is sent")
    assert {read(path).SOPInstanceUID for path in queued.folder.iterdir()} == {f"1.2.1.1.{n}" for n in (1, 2, 3)}


def test_the_server_sends_on_and_what_waits_survives_its_end(start, tmp_path: Path, ct: Path) -> None:
    from tests.server.conftest import stow

    port = free_port()
    peers = ("--peer", f'there={{ae_title="THERE", host="127.0.0.1", port={port}, called_as="US"}}')
    rules = ("--forward", '{to=["there"], match={Modality="CT"}}', "--forwarding-first-delay-s", 0.05)
    server = start("--data", tmp_path / "data", *peers, *rules)
    assert stow(server.client, instance(ct, 1), instance(ct, 2)).status_code == 200
    server.log.wait_for("a peer does not answer")
    server.process.kill()
    server.wait()
    folder = tmp_path / "received"
    with storescp(folder, port):
        again = start("--data", tmp_path / "data", *peers, *rules)
        until(lambda: len(list(folder.iterdir())) == 2, "both are sent")
        until(lambda: 'forward_queue{state="waiting"} 0.0' in again.client.get("/metrics").text, "the queue is empty")
