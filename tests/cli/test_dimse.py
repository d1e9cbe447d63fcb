"""`filmless echo`, `find` and `store` at DIMSE peers: DCMTK's, and our own server by both protocols."""

import json
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

import filmless
from filmless.dimse.scp.access import Access, AccessOptions, UserOptions
from filmless.dimse.scp.passcodes import digest_of
from filmless.dimse.services.verification import verification
from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from tests.dimse.ris_files import item, put
from tests.dimse.serving import serving
from tests.server.conftest import DEADLINE_S

from .dimse_peers import dcmqrscp, running, storescp

Invoke = Callable[..., Result]
Peer = Callable[[str], str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Our server: its addresses by protocol."""
    data = tmp_path_factory.mktemp("data")
    with running("serve", "--data", data, "--port", 0, "--dimse", 0, "--ae-title", "ARCHIVE") as server:
        lines = [server.ready(), server.ready()]
        lines = [line if "@" in line else f"{line}/dicom-web" for line in lines]
        yield {"dimse" if "@" in line else "web": line for line in lines}


@pytest.fixture
def folder(tmp_path: Path, pydicom_files: list[Path]) -> Path:
    """A folder with two files, one more in a ZIP, and what is no DICOM."""
    made = tmp_path / "files"
    (made / "deep").mkdir(parents=True)
    by_name = {path.name: path for path in pydicom_files}
    shutil.copy(by_name["CT_small.dcm"], made)
    shutil.copy(by_name["MR_small.dcm"], made / "deep" / "mr")
    (made / "readme.txt").write_text("no DICOM")
    shutil.copy(by_name["DICOMDIR"], made)
    with zipfile.ZipFile(made / "more.zip", "w") as archive:
        archive.write(by_name["JPEG2000.dcm"], "a/b.dcm")
    return made


@pytest.mark.parametrize("protocol", ["web", "dimse"])
def test_both_protocols_are_used_alike(invoke: Invoke, served: dict[str, str], folder: Path, protocol: str) -> None:
    at = served[protocol]
    assert invoke("echo", at).stdout.startswith(f"{at} answers: " if protocol == "dimse" else "http")
    stored = invoke("store", at, folder)
    assert (stored.exit_code, stored.stderr) == (0, "3 stored\n")
    lines = invoke("find", at, "PatientName=CompressedSamples^*").stdout.splitlines()
    assert lines[0].split()[:3] == ["PatientName", "PatientID", "StudyDate"]
    assert len(lines) == 4
    ct = filmless.read(folder / "CT_small.dcm")
    keys = [f"{name}={ct[name].value}" for name in ("StudyInstanceUID", "SeriesInstanceUID")]
    [found] = json.loads(invoke("find", at, "-l", "instance", *keys, "--json").stdout)
    assert found["00080018"]["Value"] == [ct.SOPInstanceUID]
    # Series are found beyond one study, too.
    series = invoke("find", at, "-l", "series", "PatientName=CompressedSamples^*", "Modality=CT").stdout.splitlines()
    assert len(series) == 2
    assert series[1].split()[-2:] == [ct.StudyInstanceUID, ct.SeriesInstanceUID]
    assert len(invoke("find", at, "--limit", 1).stdout.splitlines()) == 2
    assert invoke("find", at, "PatientID=nobody").stderr == "nothing found\n"
    again = invoke("store", at, folder / "CT_small.dcm", folder / "readme.txt", "missing.dcm", "--json")
    rows = {Path(row["source"]).name: row["status"] for row in json.loads(again.stdout)}
    assert rows == {"CT_small.dcm": "stored", "readme.txt": "failed", "missing.dcm": "failed"}
    assert again.exit_code == 1
    assert "2 of 3 files failed" in again.stderr
    other = invoke("store", at, folder / "CT_small.dcm", "--study", "1.2.3")
    assert (other.exit_code, "another study" in other.stderr) == (1, True)


def test_echo(invoke: Invoke, peer: Peer, tmp_path: Path) -> None:
    with storescp(peer, tmp_path / "in") as at:
        assert f"{at} answers: association " in invoke("echo", at).stdout
        assert "3 echoes, least" in invoke("echo", at, "--count", 3).stdout
        row = json.loads(invoke("echo", at.partition("@")[2], "--aet", "STORESCP", "--count", 2, "--json").stdout)
        assert row["peer"] == at
        assert len(row["echo_ms"]) == 2
        assert row["association_ms"] > 0


@pytest.mark.parametrize("options", [(), ("--fork",)], ids=["one association", "several"])
def test_store_to_dcmtk(invoke: Invoke, peer: Peer, tmp_path: Path, folder: Path, options: tuple[str, ...]) -> None:
    with storescp(peer, tmp_path / "in", "+xa", *options) as at:
        stored = invoke("store", at, folder, "-j", 4)
    assert (stored.exit_code, stored.stderr) == (0, "3 stored\n")
    found = [filmless.read(path) for path in (tmp_path / "in").iterdir()]
    sent = [folder / "CT_small.dcm", folder / "deep" / "mr"]
    assert {bytes(filmless.read(path).PixelData) for path in sent} < {bytes(ds.PixelData) for ds in found}


def test_what_the_peer_does_not_take_is_transcoded(invoke: Invoke, peer: Peer, tmp_path: Path, folder: Path) -> None:
    with storescp(peer, tmp_path / "in", "+xi") as at:  # Implicit VR Little Endian alone
        stored = invoke("store", at, folder / "more.zip")
    assert (stored.exit_code, stored.stderr) == (0, "1 stored\n")
    [path] = (tmp_path / "in").iterdir()
    assert filmless.read(path).file_meta.TransferSyntaxUID.keyword == "ImplicitVRLittleEndian"
    with storescp(peer, tmp_path / "as", "+xa") as at:
        assert invoke("store", at, folder / "CT_small.dcm", "--transfer-syntax", "jpeg-ls").exit_code == 0
    [path] = (tmp_path / "as").iterdir()
    assert filmless.read(path).file_meta.TransferSyntaxUID.keyword == "JPEGLSLossless"


def test_a_file_at_which_the_peer_breaks_off(invoke: Invoke, peer: Peer, tmp_path: Path, pydicom_files) -> None:
    names = ("CT_small.dcm", "MR_truncated.dcm", "MR_small.dcm", "JPEG2000.dcm")
    files = [path for path in pydicom_files if path.name in names]
    with storescp(peer, tmp_path / "in", "+xa") as at:
        result = invoke("store", at, *files, "-j", 1, "--retries", 1, "--json")
    rows = {Path(row["source"]).name: row for row in json.loads(result.stdout)}
    assert len(rows) == len(names)
    assert {name for name, row in rows.items() if row["status"] == "failed"} == {"MR_truncated.dcm"}
    assert "aborted" in rows["MR_truncated.dcm"]["error"]


def test_more_contexts_than_an_association_has(invoke: Invoke, tmp_path: Path, ct: Path) -> None:
    ds = filmless.read(ct)
    for number in range(130):  # each with its own private SOP class, and two contexts
        ds.SOPClassUID = f"1.2.826.0.1.3680043.10.1511.{number + 1}"
        ds.SOPInstanceUID = f"1.2.3.{number + 1}"
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        ds.save_as(tmp_path / f"{number}.dcm")
    with running("listen", tmp_path / "in", "--port", 0) as listening:
        stored = invoke("store", listening.ready(), *sorted(tmp_path.glob("*.dcm")))
    assert (stored.exit_code, stored.stderr) == (0, "130 stored\n")
    assert len(list((tmp_path / "in").rglob("*.dcm"))) == 130


def test_find_at_dcmtk(invoke: Invoke, peer: Peer, tmp_path: Path, folder: Path) -> None:
    with dcmqrscp(peer, tmp_path / "qr") as at:
        assert invoke("store", at, folder).stderr == "3 stored\n"
        ct = filmless.read(folder / "CT_small.dcm")
        found = json.loads(invoke("find", at, f"PatientID={ct.PatientID}", "--json").stdout)
        assert [row["0020000D"]["Value"] for row in found] == [[ct.StudyInstanceUID]]
        patients = invoke("find", at, "-l", "patient", "PatientName=Comp*").stdout.splitlines()
        assert len(patients) == 4
        # dcmqrscp knows hierarchical queries only: studies and series are sought first.
        [row] = json.loads(invoke("find", at, "-l", "instance", f"PatientID={ct.PatientID}", "--json").stdout)
        assert row["00080018"]["Value"] == [ct.SOPInstanceUID]
        assert row["0020000D"]["Value"] == [ct.StudyInstanceUID]
        assert len(invoke("find", at, "--limit", 2).stdout.splitlines()) == 3
        refused = invoke("find", at, "--worklist")
        assert (refused.exit_code, refused.stderr) == (1, "filmless: the peer has no search for a worklist\n")
        assert "a sequence has no value" in invoke("find", at, "ProcedureCodeSequence=x").stderr


def test_a_peer_by_its_name(invoke: Invoke, served: dict[str, str], tmp_path: Path) -> None:
    title, _, place = served["dimse"].partition("@")
    host, _, port = place.partition(":")
    row = f'[peers.pacs]\nae_title = "{title}"\nhost = "{host}"\nport = {port}\ncalled_as = "WS"\n'
    (tmp_path / "c.toml").write_text(row)
    assert f"{served['dimse']} answers" in invoke("echo", "pacs", "--config", "c.toml").stdout
    wrong = invoke("echo", "pcs", "--config", "c.toml")
    assert (wrong.exit_code, "which has pacs" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("find", "PACS@host:104", "--header", "A: b"), "--header is for DICOMweb"),
        (("find", "PACS@host:104", "--fuzzy"), "--fuzzy is for DICOMweb"),
        (("find", "PACS@host:104", "--aet", "OTHER"), "give one"),
        (("find", "PACS@host:99999"), "a peer is written"),
        (("find", "host:104", "--aet", "MUCHTOOLONGATITLE"), "1 to 16 characters"),
        (("find", "host:104", "--password-file", "x"), "needs the --user"),
        (("find", "http://localhost:1", "--tls"), "--tls is for DIMSE"),
        (("find", "http://localhost:1", "--worklist"), "no search for a worklist"),
        (("store", "http://localhost:1", "x", "--transfer-syntax", "explicit"), "--transfer-syntax is for DIMSE"),
        (("delete", "PACS@host:104", "1.2"), "DIMSE has no such operation"),
        (("echo", "pacs"), "no AE@HOST:PORT"),
    ],
)
def test_misuse(invoke: Invoke, arguments: tuple[str, ...], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_nobody_is_there(invoke: Invoke, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for arguments in (("echo",), ("find",), ("store", folder)):
        result = invoke(arguments[0], f"X@127.0.0.1:{port}", *arguments[1:], "--retries", "0")
        assert result.exit_code == 1
        assert result.stderr == f"filmless: no connection to 127.0.0.1 port {port}: nobody listens there\n"


def test_files_that_cannot_be_sent(invoke: Invoke, served: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no DICOM")
    result = invoke("store", served["dimse"], "missing.dcm", "text")
    assert result.exit_code == 1
    assert "no such file or directory, in missing.dcm" in result.stderr
    assert "Errno" not in result.stderr
    assert "this is no DICOM instance that can be sent, in text" in result.stderr


def test_who_is_not_let_in(invoke: Invoke, served: dict[str, str], folder: Path) -> None:
    at = served["dimse"].replace("ARCHIVE", "OTHER")
    for arguments in (("echo",), ("find",), ("store", folder)):
        result = invoke(arguments[0], at, *arguments[1:])
        assert result.exit_code == 1
        assert "called AE title not recognized" in result.stderr
        assert len(result.stderr.splitlines()) <= 2


def test_a_silent_peer_is_given_up(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = invoke("echo", f"X@127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "did not answer the request for an association within 0.2 seconds" in result.stderr


def test_tls(invoke: Invoke, peer: Peer, tmp_path: Path, ct: Path) -> None:
    openssl = [peer("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*openssl, *more], cwd=tmp_path, check=True, capture_output=True)
    shown = ("--tls-certificate", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    with running(
        "listen", tmp_path / "in", "--port", 0, *shown, "--tls-authorities", tmp_path / "cert.pem"
    ) as listening:
        at = listening.ready().replace("0.0.0.0", "localhost").replace("127.0.0.1", "localhost")
        assert invoke("echo", at, "--tls").exit_code == 1  # not trusted
        trusted = ("--ca-file", "cert.pem")
        unknown = invoke("echo", at, *trusted)  # nothing shown
        assert (unknown.exit_code, "may want a certificate" in unknown.stderr) == (1, True)
        known = (*trusted, "--client-cert", "cert.pem", "key.pem")
        assert invoke("echo", at, *known).exit_code == 0
        assert invoke("store", at, ct, *known).stderr == "1 stored\n"
        plain = invoke("echo", at, "--timeout", "5")
        assert (plain.exit_code, "may want TLS" in plain.stderr) == (1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for a process of another group")
@pytest.mark.parametrize("command", ["echo", "find", "store"])
def test_an_interrupt_ends_at_once(command: str, ct: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(DEADLINE_S)
        at = f"X@127.0.0.1:{silent.getsockname()[1]}"
        with running(command, at, *([ct] if command == "store" else [])) as waiting:
            peer, _ = silent.accept()
            with peer:
                peer.settimeout(DEADLINE_S)
                assert peer.recv(1) == b"\x01"  # A-ASSOCIATE-RQ
                assert waiting.interrupt() == 130
                while peer.recv(1 << 16):  # until it closes
                    pass
        assert "".join(waiting.err.all) == ""


def test_worklist(invoke: Invoke, tmp_path: Path) -> None:
    put(tmp_path / "items", "1.wl", item(1))
    put(tmp_path / "items", "2.wl", item(2, Modality="MR"))
    with serving([worklist(WorklistFolder(tmp_path / "items"))]) as port:
        at = f"FILMLESS@127.0.0.1:{port}"
        table = invoke("find", at, "--worklist", "Modality=MR", "-k", "RequestedProcedureID").stdout.splitlines()
        assert table[0].split()[:5] == [
            "PatientName",
            "PatientID",
            "AccessionNumber",
            "Modality",
            "ScheduledStationAETitle",
        ]
        assert table[1].split()[:4] == ["Doe^Jane2", "P2", "A2", "MR"]
        assert len(table) == 2
        key = "ScheduledProcedureStepSequence.ScheduledProcedureStepID=S1"
        [row] = json.loads(invoke("find", at, "--worklist", key, "--json").stdout)
        assert row["00400100"]["Value"][0]["00400009"]["Value"] == ["S1"]
        assert invoke("find", at, "--worklist", "PatientID=nobody").stderr == "nothing found\n"


def test_user_identity(invoke: Invoke, tmp_path: Path) -> None:
    users = (UserOptions(name="jane", passcode=digest_of("secret")),)
    access = Access(AccessOptions(users=users, identity="required"))
    for name, text in (("good", "secret\n"), ("bad", "wrong"), ("token", "a.b.c")):
        (tmp_path / name).write_text(text)
    with serving([verification()], access=access) as port:
        at = f"FILMLESS@127.0.0.1:{port}"
        assert invoke("echo", at, "--user", "jane", "--password-file", "good").exit_code == 0
        refused = [("--user", "jane", "--password-file", "bad"), ("--user", "jane"), ("--key-file", "token"), ()]
        for arguments in refused:
            result = invoke("echo", at, *arguments)
            assert result.exit_code == 1
            assert "rejects the association" in result.stderr
            assert "secret" not in result.stderr
    missing = invoke("echo", at, "--user", "jane", "--password-file", "missing")
    assert (missing.exit_code, missing.stderr) == (1, "filmless: no such file or directory: missing\n")
