"""The server as an application entity: the real command, and the tools of others."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pynetdicom import AE, evt

from filmless import _core
from filmless.dimse.scp.passcodes import digest_of
from filmless.errors import DicomError
from filmless.security import ApiKeys
from filmless.server import Server, read_settings
from tests.dimse.dcmtk import dcmtk
from tests.dimse.receiving import free_port, running
from tests.server.conftest import DEADLINE_S, instance, stow, uids, until

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@pytest.fixture
def tool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of DCMTK to its end."""

    def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [dcmtk(name), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    return run


def associate(port: int, *, called: str = "FILMLESS") -> socket.socket:
    """Open an association by hand, and leave it idle."""
    request = _core.AssociateRequest(
        called_ae_title=called,
        calling_ae_title="IDLE",
        contexts=[_core.ProposedContext(1, VERIFICATION, [IMPLICIT]), _core.ProposedContext(3, CT, [EXPLICIT])],
        user=_core.UserInformation(),
    )
    connection = _core.Connection.requestor(request)
    opened = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
    connection.connected()
    opened.sendall(connection.take_output())
    answer = opened.recv(10)
    assert answer[:1] == b"\x02", "accepted"
    left = int.from_bytes(answer[2:6]) - 4
    while left:
        left -= len(opened.recv(left))
    return opened


def pdv(context: int, flags: int, data: bytes) -> bytes:
    """A P-DATA-TF PDU with a fragment: flag 1 is of the command, flag 2 the last."""
    item = bytes([context, flags]) + data
    return b"\x04\0" + (len(item) + 4).to_bytes(4) + len(item).to_bytes(4) + item


def c_store(uid: str) -> bytes:
    """C-STORE-RQ of a CT image, whose data set follows."""

    def element(number: int, value: bytes) -> bytes:
        return b"\0\0" + number.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value

    def text(value: str) -> bytes:
        return value.encode() + b"\0" * (len(value) % 2)

    elements = (
        element(0x0002, text(CT)),
        element(0x0100, b"\1\0"),
        element(0x0110, b"\1\0"),
        element(0x0700, b"\0\0"),
        element(0x0800, b"\0\0"),
        element(0x1000, text(uid)),
    )
    body = b"".join(elements)
    return pdv(3, 3, element(0x0000, len(body).to_bytes(4, "little")) + body)


def test_echo_and_where_it_is_told(start, tool, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    server = start("--data", tmp_path / "data", "--dimse", 0, "--ae-title", "ARCHIVE", "--ready-file", ready)
    assert server.dimse == f"ARCHIVE@127.0.0.1:{server.dimse_port}"
    assert json.loads(ready.read_text())["dimse"] == [server.dimse]
    done = tool("echoscu", "-aec", "ARCHIVE", "--repeat", 3, "127.0.0.1", server.dimse_port)
    assert done.returncode == 0, done.stderr
    assert tool("echoscu", "-aec", "OTHER", "127.0.0.1", server.dimse_port).returncode != 0
    health = server.client.get("/health")
    assert health.status_code == 200
    assert health.json()["checks"]["dimse"] == "ok"
    assert server.end() == 0
    told = next(event for event in server.events() if event["event"] == "ready")
    assert told["dimse"] == [server.dimse]


def test_what_is_sent_is_found_over_the_web(start, tool, tmp_path: Path, ct: Path) -> None:
    server = start("--data", tmp_path / "data", "--dimse", 0)
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.dcm")
        files[-1].write_bytes(instance(ct, number))
    done = tool("storescu", "-aec", "FILMLESS", "127.0.0.1", server.dimse_port, *files)
    assert done.returncode == 0, done.stderr
    assert uids(server.client) == {f"1.2.1.1.{number}" for number in range(3)}
    metrics = server.client.get("/metrics").text
    assert 'filmless_instances_total{outcome="stored"} 3.0' in metrics
    assert 'filmless_dimse_associations_total{outcome="success"} 1.0' in metrics
    assert 'filmless_dimse_operations_total{message="C-STORE",status="success"} 3.0' in metrics
    assert 'filmless_dimse_operation_seconds_count{message="C-STORE"} 3.0' in metrics
    until(lambda: "filmless_dimse_associations_open 0.0" in server.client.get("/metrics").text, "it is released")
    received = server.client.get("/metrics").text.partition("\nfilmless_dimse_received_bytes_total ")[2].split()[0]
    assert float(received) > 3 * 32_768, "the pixels at least"
    server.process.kill()  # what was acknowledged is there
    server.wait()
    again = start("--data", tmp_path / "data", "--dimse", 0)
    assert uids(again.client) == {f"1.2.1.1.{number}" for number in range(3)}


def test_query_retrieve_and_worklist(start, tool, tmp_path: Path, ct: Path) -> None:
    there = free_port()
    known = f'{{ae_title="THERE", host="127.0.0.1", port={there}}}'
    still = f'{{ae_title="STILL", host="127.0.0.1", port={there}, moves=false}}'
    options = ("--peer", f"there={known}", "--peer", f"still={still}")
    server = start("--data", tmp_path / "data", "--dimse", 0, *options)
    assert stow(server.client, instance(ct, 1), instance(ct, 2)).status_code == 200
    to = ("-aec", "FILMLESS", "127.0.0.1", server.dimse_port)
    study = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.1")
    found = tool("findscu", "-S", *study, "-k", "NumberOfStudyRelatedInstances", *to)
    assert found.returncode == 0, found.stderr
    assert "[2 ]" in found.stdout + found.stderr, "instances of the study"
    got, moved = tmp_path / "got", tmp_path / "moved"
    got.mkdir()
    moved.mkdir()
    assert tool("getscu", "-S", "-od", got, *study, *to).returncode == 0
    assert len(list(got.iterdir())) == 2
    with running([dcmtk("storescp"), "-aet", "THERE", "-od", moved, str(there)], there):
        assert tool("movescu", "-S", "-aem", "THERE", *study, *to).returncode == 0
    assert len(list(moved.iterdir())) == 2
    for title in ("STILL", "NOBODY"):
        refused = tool("movescu", "-d", "-S", "-aem", title, *study, *to)
        assert "0xa801" in (refused.stdout + refused.stderr).lower(), "move destination unknown"
    step = {"00400002": {"vr": "DA", "Value": ["20261126"]}, "00400001": {"vr": "AE", "Value": ["CT-1"]}}
    item = {"00100020": {"vr": "LO", "Value": ["4711"]}, "00400100": {"vr": "SQ", "Value": [step]}}
    assert server.client.post("/worklist", json=item).status_code == 201
    steps = "ScheduledProcedureStepSequence[0].ScheduledStationAETitle=CT-1"
    found = tool("findscu", "-W", "-k", "PatientID", "-k", steps, *to)
    assert "[4711]" in found.stdout + found.stderr
    assert server.client.get("/performed-procedure-steps").json() == []


def test_a_peer_is_told_of_what_arrived(start, tmp_path: Path, ct: Path) -> None:
    told: list[tuple[str, int]] = []
    came = threading.Event()

    def create(event: evt.Event) -> tuple[int, None]:
        ds = event.attribute_list
        told.append((ds.StudyInstanceUID, len(ds.ReferencedSeriesSequence[0].ReferencedSOPSequence)))
        came.set()
        return 0, None

    ae = AE("THERE")
    ae.add_supported_context("1.2.840.10008.5.1.4.33")
    there = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_CREATE, create)])
    try:
        port = there.socket.getsockname()[1]
        peer = f'there={{ae_title="THERE", host="127.0.0.1", port={port}, notices=["availability"]}}'
        server = start("--data", tmp_path / "data", "--dimse", 0, "--peer", peer, "--dimse-quiet-s", 0.2)
        assert stow(server.client, instance(ct, 1), instance(ct, 2)).status_code == 200
        assert came.wait(DEADLINE_S)
        assert server.end() == 0
    finally:
        there.shutdown()
    assert told == [("1.2.1", 2)]


def test_there_is_none_unless_it_is_asked_for(start, tmp_path: Path) -> None:
    server = start("--data", tmp_path)
    assert "dimse" not in server.client.get("/health").json()["checks"]
    assert server.end() == 0
    assert [line for line in server.out.all if "@" in line] == []


def test_who_may_call_and_what_is_noted(start, tool, tmp_path: Path, ct: Path) -> None:
    callers = ['{ae_titles=["CT-1"], addresses=["127.0.0.1"], roles=["read"]}', '{ae_titles=["CT-2"]}']
    options = [part for row in callers for part in ("--dimse-caller", row)]
    server = start("--data", tmp_path / "data", "--dimse", 0, "--dimse-also-called", "OTHER", *options)
    file = tmp_path / "one.dcm"
    file.write_bytes(instance(ct, 1))
    to = ("-aec", "OTHER", "127.0.0.1", server.dimse_port)
    assert tool("echoscu", "-aet", "NOBODY", *to).returncode != 0
    assert tool("echoscu", "-aet", "CT-1", *to).returncode == 0
    assert "0x0124" in tool("storescu", "-d", "-aet", "CT-1", *to, file).stderr, "it may read alone"
    assert uids(server.client) == set()
    assert tool("storescu", "-aet", "CT-2", *to, file).returncode == 0
    assert uids(server.client) == {"1.2.1.1.1"}
    assert server.end() == 0
    lines = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    told = [(one["operation"], one["outcome"], one["calling"]) for one in lines if "calling" in one]
    assert told[:3] == [
        ("association", "rejected", "NOBODY"),
        ("association", "success", "CT-1"),
        ("C-ECHO", "success", "CT-1"),
    ]
    stored = next(one for one in lines if one.get("operation") == "C-STORE" and one["outcome"] == "success")
    assert stored["calling"] == "CT-2"
    assert stored["uids"]["instance"] == "1.2.1.1.1"
    assert len(lines) > len(told), "the web's own are there, too"
    assert "CompressedSamples" not in json.dumps(lines), "a patient's name"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_idle_associations_do_not_hold_up_a_stop(start, tmp_path: Path) -> None:
    server = start("--data", tmp_path, "--dimse", 0, "--stop-s", 60)
    idle = [associate(server.dimse_port) for _ in range(50)]
    half_open = socket.create_connection(("127.0.0.1", server.dimse_port), DEADLINE_S)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - began < 10, "it waits for nobody who asks for nothing"
    for one in idle:
        assert one.recv(10)[:1] == b"\x07", "A-ABORT"
        assert one.recv(1) == b""
        one.close()
    half_open.close()
    told = [event for event in server.events() if event["level"] not in {"info", "debug"}]
    assert told == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_what_is_being_answered_is_finished_at_a_stop(start, tmp_path: Path, ct: Path) -> None:
    server = start("--data", tmp_path, "--dimse", 0, "--stop-s", 60)
    data = instance(ct, 1, Rows=1024, Columns=2048, PixelData=bytes(4 << 20))
    data = data[144 + int.from_bytes(data[140:144], "little") :]
    pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    with associate(server.dimse_port) as busy, associate(server.dimse_port) as idle:
        busy.sendall(c_store("1.2.1.1.1"))
        for piece in pieces[:-1]:
            busy.sendall(pdv(3, 0, piece))
        until(lambda: list((tmp_path / "incoming").iterdir()), "the instance is arriving")
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(10)[:1] == b"\x07", "the server stops: A-ABORT of who asks for nothing"
        assert server.process.poll() is None
        busy.sendall(pdv(3, 2, pieces[-1]))
        answer = busy.recv(6)
        assert answer[:1] == b"\x04", "P-DATA: the answer to C-STORE"
        rest = b""
        while len(rest) < int.from_bytes(answer[2:6]):
            rest += busy.recv(4096)
        assert b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00" in rest, "(0000,0900) Status is success"
        assert server.wait() == 0
    assert "1.2.1.1.1" in uids(start("--data", tmp_path).client)


def test_over_tls(start, tool, tmp_path: Path, peer) -> None:
    certificates = {}
    for name in ("server", "client"):
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        command = [peer("openssl"), *request, *names, "-keyout", key, "-out", certificate]
        subprocess.run(command, check=True, capture_output=True)
        certificates[name] = (certificate, key)
    certificate, key = certificates["server"]
    tls = ("--dimse-tls-certificate", certificate, "--dimse-tls-key", key)
    asks = ("--dimse-tls-authorities", certificates["client"][0], "--dimse-tls-client-certificates", "required")
    known = ("--security-certificate", '{name="ct", subject="CN=client", roles=["write"]}')
    own = ("--tls-certificate", certificate, "--tls-key", key, "--tls-authorities", certificates["client"][0])
    server = start(
        *("--data", tmp_path / "data", "--dimse", 0, *tls, *asks, *known, *own),
        *("--tls-client-certificates", "optional"),
    )
    to = ("-aec", "FILMLESS", "127.0.0.1", server.dimse_port)
    trusted = ("+cf", certificate)
    assert tool("echoscu", *to).returncode != 0, "plainly"
    assert tool("echoscu", "+tla", *trusted, *to).returncode != 0, "without a certificate"
    refused = until(
        lambda: (
            len(found := [one for one in server.events() if one["event"] == "an association is refused"]) == 2 and found
        ),
        "both are told",
    )
    assert refused[0]["reason"].startswith("TLS: ")
    assert refused[1]["reason"] == "TLS: peer did not return a certificate"
    shown = ("+tls", certificates["client"][1], certificates["client"][0])
    done = tool("echoscu", *shown, *trusted, *to)
    assert done.returncode == 0, done.stderr


def test_storescu_shows_who_it_is(start, tool, tmp_path: Path, ct: Path) -> None:
    """By name and passcode, which DCMTK's storescu has."""
    user = f'{{name="ct-1", passcode="{digest_of("secret")}", roles=["write"]}}'
    server = start("--data", tmp_path / "data", "--dimse", 0, "--dimse-identity", "required", "--dimse-user", user)
    file = tmp_path / "one.dcm"
    file.write_bytes(instance(ct, 1))
    to = ("-aec", "FILMLESS", "127.0.0.1", server.dimse_port, file)
    assert tool("storescu", *to).returncode != 0
    assert tool("storescu", "-usr", "ct-1", "-pwd", "wrong", *to).returncode != 0
    assert uids(server.client) == set()
    done = tool("storescu", "-usr", "ct-1", "-pwd", "secret", *to)
    assert done.returncode == 0, done.stderr
    assert uids(server.client) == {"1.2.1.1.1"}


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = read_settings(given={"data": tmp_path, "http.port": 0, "dimse.port": port})
        with pytest.raises(DicomError, match=f"port {port}, it is in use\nhint: `--dimse 0` takes a free one"):
            Server(settings)


def test_it_is_not_open_to_everyone(tmp_path: Path) -> None:
    settings = read_settings(given={"data": tmp_path, "http.port": 0, "dimse.port": 0, "dimse.host": "0.0.0.0"})
    with pytest.raises(DicomError, match=r"listening on `0\.0\.0\.0` would open the archive") as caught:
        Server(settings)
    assert "dimse.tls" in caught.value.hint


def test_once_keys_are_asked_for_they_are_by_both_protocols(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    given = {"data": tmp_path / "data", "http.port": 0, "dimse.port": 0, "logs.level": "error"}
    settings = read_settings(given={**given, "security.key_file": tmp_path / "keys.json"})
    with Server(settings) as server:
        ae, port = AE("SCU"), int(server.addresses.dimse[0].rpartition(":")[2])
        ae.add_requested_context(VERIFICATION)
        (before := ae.associate("127.0.0.1", port, ae_title="FILMLESS")).release()
        assert before.is_released
        keys.create("robot", roles={"read"})
        assert httpx.get(f"{server.addresses.dicom_web}/studies").status_code == 401
        (tmp_path / "keys.json").unlink()
        assert ae.associate("127.0.0.1", port, ae_title="FILMLESS").is_rejected
