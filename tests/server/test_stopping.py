"""A server that is stopped while instances arrive has all that it acknowledged."""

import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.server.conftest import instance, stow, uids, until


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_what_was_acknowledged_is_there_after_a_stop(start, tmp_path: Path, ct: Path) -> None:
    server = start("--data", tmp_path)
    acknowledged: set[str] = set()
    enough = threading.Event()

    def send(sender: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for number in range(sender, 100_000, 4):
                try:
                    answer = stow(client, instance(ct, number))
                except httpx.TransportError:
                    return  # it does not listen any more
                if answer.status_code != 200:
                    return
                acknowledged.add(f"1.2.1.1.{number}")
                if len(acknowledged) >= 12:
                    enough.set()

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for sender in senders:
        sender.start()
    assert enough.wait(60)
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    for sender in senders:
        sender.join()
    assert len(acknowledged) >= 12
    assert not (tmp_path / "running").exists(), "it ended well"
    again = start("--data", tmp_path)
    assert acknowledged <= uids(again.client)
    metrics = again.client.get("/metrics").text
    assert f'filmless_archive{{of="instances"}} {len(uids(again.client))}.0' in metrics


def test_what_was_stored_is_counted(start, tmp_path: Path, ct: Path) -> None:
    client = start("--data", tmp_path).client
    files = [instance(ct, 1), instance(ct, 2), instance(ct, 1)]
    for file in files:
        assert stow(client, file).status_code == 200
    assert stow(client, instance(ct, 1, InstitutionName="another")).status_code in {200, 202}
    metrics = client.get("/metrics").text
    assert 'filmless_instances_total{outcome="stored"} 2.0' in metrics
    assert 'filmless_instances_total{outcome="identical"} 1.0' in metrics
    assert 'filmless_instances_total{outcome="quarantined"} 1.0' in metrics
    assert 'route="/dicom-web/studies",status="200"' in metrics
    assert 'filmless_archive{of="instances"} 2.0' in metrics
    page = client.get("/about").text
    assert "<tr><th>Instances</th><td>2</td></tr>" in page
    assert "CompressedSamples" not in page  # a patient's name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_a_request_that_does_not_end_is_given_up(start, tmp_path: Path) -> None:
    server = start("--data", tmp_path, "--stop-s", 1)
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port), 30) as under_way:
        head = f"POST /dicom-web/studies HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 99999\r\n"
        kind = 'Content-Type: multipart/related; type="application/dicom"; boundary=x\r\n\r\n--x'
        under_way.sendall(f"{head}{kind}".encode())
        until(lambda: "in_flight 2.0" in server.client.get("/metrics").text, "the request is under way")
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        answer = b"".join(iter(lambda: under_way.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'{"error": "the server is stopping"' in answer
    assert "unexpected error" not in {event["event"] for event in server.events()}
    assert not (tmp_path / "running").exists()
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
@pytest.mark.parametrize("what", ["application/dicom", "multipart/related; type=application/dicom; transfer-syntax=*"])
def test_a_slow_reader_that_is_cut_off_is_no_error(start, tmp_path: Path, ct: Path, what: str) -> None:
    server = start("--data", tmp_path, "--stop-s", 1)
    large = instance(ct, 1, Rows=4000, Columns=4000, PixelData=bytes(32_000_000))
    assert stow(server.client, large).status_code == 200
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port), 30) as reader:
        path = "/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nAccept: {what}\r\n\r\n".encode())
        assert reader.recv(12) == b"HTTP/1.1 200"
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
    told = [event["event"] for event in server.events() if event["level"] not in {"info", "debug"}]
    assert told == ["Cancel 1 running task(s), timeout graceful shutdown exceeded"]
    assert "Traceback" not in "".join(server.log.all)


def test_by_tls_with_a_certificate_of_ones_own(start, tmp_path: Path, peer) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [peer("openssl"), *request, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    server = start("--data", tmp_path / "data", "--tls-certificate", certificate, "--tls-key", key)
    assert server.url.startswith("https://127.0.0.1:")
    with httpx.Client(verify=ssl.create_default_context(cafile=certificate)) as client:
        assert client.get(f"{server.url}/health").status_code == 200
