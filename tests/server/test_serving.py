"""The command from its first line to its last."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from filmless.archive import Archive
from filmless.cli.program import program
from filmless.errors import ArchiveError
from filmless.server.health import Health
from tests.server.conftest import COMMAND, DEADLINE_S, Started, instance, stow, until


def failing(*arguments: object) -> str:
    """What the command says when it does not start, in this process."""
    done = CliRunner().invoke(program, ["serve", *map(str, arguments)])
    assert done.exit_code == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A server with narrow bounds."""
    folder = tmp_path_factory.mktemp("shared")
    bounds = ("--limits-header-bytes", 2000, "--limits-url-bytes", 1000, "--limits-idle-s", 0.3)
    server = Started("--data", folder, "--logs-level", "debug", *bounds).ready()
    yield server
    assert server.end() == 0


def test_it_says_where_it_is_and_stops_when_asked(start, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    server = start("--data", tmp_path / "data", "--ready-file", ready)
    told = json.loads(ready.read_text())
    where = {"urls": [server.url], "dimse": [], "dicom_web": f"{server.url}/dicom-web"}
    assert told == {"pid": server.process.pid, **where}
    assert server.client.get("/health").json() == {
        "status": "ok",
        "checks": {"disk": "ok", "space": "ok", "index": "ok"},
    }
    assert server.end() == 0
    assert not ready.exists()
    assert server.out.all == [f"ready {server.url}"]
    assert [event["event"] for event in server.events()][-2:] == ["stopping", "stopped"]


def test_a_file_of_tls_that_is_not_there_is_told_by_its_key(tmp_path: Path) -> None:
    said = failing("--data", tmp_path / "data", "--port", 0, "--tls-certificate", tmp_path / "no.pem")
    assert said.startswith(
        f"filmless: `security.tls.certificate`: cannot be read, no such file or directory, in {tmp_path / 'no.pem'}"
    )
    (tmp_path / "no.pem").write_text("none")
    options = ("--tls-certificate", tmp_path / "no.pem", "--tls-key", tmp_path / "key.pem")
    said = failing("--data", tmp_path / "data", "--port", 0, *options)
    assert said.startswith("filmless: `security.tls.key`: cannot be read")


def test_what_is_set_aside_is_in_the_log(start, tmp_path: Path, ct: Path) -> None:
    server = start("--data", tmp_path)
    for name in ("one", "two"):
        assert stow(server.client, instance(ct, 1, InstitutionName=name)).status_code == 200
    assert server.end() == 0
    [told] = [event for event in server.events() if event["level"] == "warning"]
    assert told.pop("timestamp")
    event = "an instance is set aside, another one of its UID is there"
    assert told == {"event": event, "level": "warning", "instance": "1.2.1.1.1", "study": "1.2.1"}


def test_answers_of_its_own(shared: Started) -> None:
    client = shared.client
    page = client.get("/about")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/health/live").json() == {"status": "ok"}
    outside = {"error": "there is no such resource", "hint": "DICOMweb is at /dicom-web"}
    assert client.get("/studies").json() == outside
    assert client.get("/nothing").status_code == 404
    assert client.get("/dicom-web/nothing").json() == {"error": "there is no such resource"}
    in_browser = client.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert in_browser.status_code == 404
    assert '<a href="/">' in in_browser.text
    assert client.post("/health").status_code == 405
    assert client.get("/conformance").text.startswith("# DICOM conformance statement: filmless")
    assert "<h1>DICOM conformance" in client.get("/conformance", headers={"accept": "text/html"}).text
    metrics = client.get("/metrics").text
    assert 'filmless_http_requests_total{method="GET",route="/about",status="200"} 1.0' in metrics
    assert 'filmless_http_requests_total{method="GET",route="unknown",status="404"} 4.0' in metrics
    assert "filmless_ready 1.0" in metrics


def test_urls_in_answers_lead_back_to_the_service(start, tmp_path: Path, ct: Path) -> None:
    server = start("--data", tmp_path / "data")
    service = f"{server.url}/dicom-web"
    stored = stow(server.client, ct.read_bytes()).json()
    assert stored["00081190"]["Value"][0].startswith(f"{service}/studies/")
    instance = stored["00081199"]["Value"][0]["00081190"]["Value"][0]
    [metadata] = server.client.get(f"{instance}/metadata").json()
    uri = metadata["7FE00010"]["BulkDataURI"]
    pixels = server.client.get(uri, headers={"Accept": "application/octet-stream"})
    assert (pixels.status_code, len(pixels.content)) == (200, 128 * 128 * 2)
    [study] = server.client.get(f"{service}/studies").json()
    assert server.client.get(f"{study['00081190']['Value'][0]}/metadata").json() == [metadata]
    assert f'base="{service}"' in server.client.options(f"{service}/").text
    assert server.client.get(f"{service}/openapi.json").json()["servers"] == [{"url": service}]


def test_a_log_holds_no_query_and_no_path(shared: Started) -> None:
    shared.client.get("/dicom-web/Doe%5EJane?PatientName=Doe%5EJane")
    shared.client.get("/health?PatientName=Doe%5EJane")
    told = until(lambda: [event for event in shared.events() if event.get("route") == "/health"], "it is told")
    assert told[-1].keys() == {"event", "level", "timestamp", "method", "route", "status", "ms", "from"}
    assert "Doe" not in "".join(shared.log.all)


def test_a_folder_is_one_servers(tmp_path: Path) -> None:
    with Archive(tmp_path):
        said = failing("--data", tmp_path, "--port", 0)
    assert said.startswith(f"filmless: the archive's folder is in use by another process, in {tmp_path}\nhint: ")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [*COMMAND, "--data", str(tmp_path), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"filmless: cannot listen at `127.0.0.1` port {port}, it is in use\nhint: `--port 0` takes a free one\n"
    )
    assert not (tmp_path / "running").exists(), "what was opened is closed"


def test_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = failing("--data", tmp_path / "file", "--port", 0)
    assert said.startswith("filmless: the archive cannot be opened: ")
    assert "hint: `--data` names another folder" in said


def test_a_postgresql_that_is_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    url = f"postgresql+psycopg://me:secret@127.0.0.1:{port}/filmless"
    said = failing("--data", tmp_path, "--port", 0, "--index", url)
    assert said.startswith("filmless: ")
    assert "index" in said
    assert "secret" not in said
    assert "hint: " in said


def test_it_is_not_opened_to_others_without_authentication(tmp_path: Path) -> None:
    said = failing("--data", tmp_path / "data", "--host", "0.0.0.0", "--port", 0)
    assert said.startswith("filmless: listening on `0.0.0.0` would open the archive to everyone in the network")
    assert "hint: `filmless key create NAME`" in said
    assert not (tmp_path / "data").exists()


def test_with_authentication_it_is_open_to_who_has_a_key(start, tmp_path: Path) -> None:
    from filmless.security import ApiKeys

    (tmp_path / "data").mkdir()
    keys = ApiKeys(tmp_path / "data/keys.json")
    key, reader = keys.create("admin", roles={"admin"}), keys.create("one", roles={"read"}, patients={"1"})
    server = start("--data", tmp_path / "data", "--host", "0.0.0.0", "--security-hosts", "*")
    url = f"http://127.0.0.1:{httpx.URL(server.url).port}"
    for path in ("/about", "/metrics", "/conformance"):
        assert server.client.get(url + path).status_code == 401
        assert server.client.get(url + path, headers={"X-Api-Key": key}).status_code == 200
        # These are of all patients.
        assert server.client.get(url + path, headers={"X-Api-Key": reader}).status_code == 403
    for path in ("/health", "/health/live", "/health/ready"):
        assert server.client.get(url + path).status_code == 200
    assert server.end() == 0
    assert [event["event"] for event in server.events() if event["level"] == "warning"] == [
        "what is listened to beyond this machine is not encrypted"
    ]
    audit = [json.loads(line) for line in (tmp_path / "data/audit.jsonl").read_text().splitlines()]
    assert len(audit) >= 9


def test_folders_that_cannot_be_served(tmp_path: Path) -> None:
    assert "a folder to serve is not there" in failing(tmp_path / "none", "--data", tmp_path / "data", "--port", 0)
    said = failing(tmp_path / "data/incoming", "--data", tmp_path / "data", "--port", 0)
    assert "a folder to serve is in the archive's own" in said


def test_a_name_that_is_none(tmp_path: Path) -> None:
    assert "cannot listen at `no..such`" in failing(
        "--data", tmp_path, "--host", "no..such", "--port", 0, "--security-authentication"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_a_request_that_is_under_way_is_finished_and_a_second_signal_ends(start, tmp_path: Path) -> None:
    server = start("--data", tmp_path / "data")
    host, port = httpx.URL(server.url).host, httpx.URL(server.url).port
    with socket.create_connection((host, port), DEADLINE_S) as under_way:
        # The head alone: the server waits for the body, which is a request that it is answering.
        head = f"POST /dicom-web/studies HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 9\r\n"
        under_way.sendall(
            f'{head}Content-Type: multipart/related; type="application/dicom"; boundary=x\r\n\r\n--x'.encode()
        )
        until(lambda: "in_flight 2.0" in server.client.get("/metrics").text, "the request is under way")
        server.process.send_signal(signal.SIGTERM)
        server_is_closed(host, port)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 128 + signal.SIGTERM


def server_is_closed(host: str, port: int) -> None:
    def refused() -> bool:
        try:
            socket.create_connection((host, port), 1).close()
        except ConnectionRefusedError:
            return True
        return False

    until(refused, "no new connections")


def test_a_head_without_end_is_refused(shared: Started) -> None:
    server = shared
    url = httpx.URL(server.url)
    for text in (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 9000,
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection((url.host, url.port), DEADLINE_S) as connection:
            connection.sendall(text)
            assert connection.recv(1000).startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 414 "))
    with socket.create_connection((url.host, url.port), DEADLINE_S) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # a TLS hello
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert server.client.get("/health").status_code == 200


def test_a_head_that_never_ends_is_left(shared: Started) -> None:
    server = shared
    url = httpx.URL(server.url)
    for text in (b"", b"GET / HT"):
        with socket.create_connection((url.host, url.port), DEADLINE_S) as connection:
            connection.sendall(text)
            assert connection.recv(1000) == b""
    assert server.client.get("/health").status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")
def test_the_service_manager_is_told(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(DEADLINE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        server: Started = start("--data", tmp_path / "data")
        assert channel.recv(100) == b"READY=1"
        assert server.end() == 0
        assert channel.recv(100) == b"STOPPING=1"


def test_health_says_what_is_wrong(tmp_path: Path) -> None:
    def broken() -> None:
        raise ArchiveError("the index does not answer")

    full = Health(tmp_path, index=broken, free_bytes=4 * 10**18).report()
    assert not full.is_ready
    assert full.checks["space"].endswith("bytes are free, expected 4000000000000000000 or more")
    assert full.checks["index"] == "does not answer: ArchiveError"
    assert Health(tmp_path, index=lambda: None, free_bytes=0).report().is_ready
    assert "disk" in Health(tmp_path / "none", index=lambda: None, free_bytes=0).report().checks


def test_a_disk_that_is_full_or_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (errno.ENOSPC, errno.EROFS):

        def refused(number: int = number, **_: object) -> None:
            raise OSError(number, os.strerror(number), str(tmp_path))

        monkeypatch.setattr(tempfile, "TemporaryFile", refused)
        checks = Health(tmp_path, index=lambda: None, free_bytes=0).report().checks
        assert checks["disk"] == f"cannot be written to: {os.strerror(number).lower()}"
        assert str(tmp_path) not in checks["disk"]


def test_health_sees_a_disk_that_takes_nothing_and_one_that_does_again(start, tmp_path: Path) -> None:
    server = start("--data", tmp_path, "--ready-file", tmp_path / "ready.json")
    incoming = tmp_path / "incoming"
    incoming.rename(tmp_path / "away")
    incoming.write_text("")  # nobody, not root either, makes a file in it
    answer = until(lambda: (found := server.client.get("/health")).status_code == 503 and found, "the disk is seen")
    assert answer.json()["checks"]["disk"].startswith("cannot be written to: ")
    assert str(tmp_path) not in answer.text
    incoming.unlink()
    (tmp_path / "away").rename(incoming)
    until(lambda: server.client.get("/health").status_code == 200, "it recovers by itself")
