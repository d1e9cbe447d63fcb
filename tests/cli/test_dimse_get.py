"""`filmless get` and `move` at DIMSE peers: DCMTK's, and our own server by both protocols."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result

import filmless
from filmless.file import encode
from tests.orthanc import orthanc

from .dimse_peers import dcmqrscp, free_port, running

Invoke = Callable[..., Result]
Peer = Callable[[str], str]
NAMES = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "reportsi.dcm")


@pytest.fixture
def files(pydicom_files: list[Path]) -> list[Path]:
    return [path for path in pydicom_files if path.name in NAMES]


@pytest.fixture
def placed(files: list[Path]) -> dict[Path, Path]:
    """Where each file is to be, by where it is now."""
    found = {}
    for path in files:
        ds = filmless.read(path, stop_before_pixels=True)
        found[path] = Path("out", ds.StudyInstanceUID, ds.SeriesInstanceUID, f"{ds.SOPInstanceUID}.dcm")
    return found


def statuses(result: Result) -> list[str]:
    return sorted(row["status"] for row in json.loads(result.stdout))


@pytest.mark.parametrize("protocol", ["web", "dimse"])
def test_both_protocols_fetch_alike(
    invoke: Invoke, tmp_path: Path, files: list[Path], placed: dict[Path, Path], protocol: str
) -> None:
    with running("serve", "--data", tmp_path / "data", "--port", 0, "--dimse", 0) as server:
        web, dimse = server.ready(), server.ready()
        at = f"{web}/dicom-web" if protocol == "web" else dimse
        assert invoke("store", at, *files).stderr == "4 stored\n"
        got = invoke("get", at, "PatientName=*", "-o", "out")
        assert (got.exit_code, got.stderr) == (0, "4 fetched\n")
        assert sorted(path for path in Path("out").rglob("*") if path.is_file()) == sorted(placed.values())
        for path, target in placed.items():
            before, after = filmless.read(path), filmless.read(target)
            assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID
            assert after == before
        placed[files[0]].unlink()
        assert statuses(invoke("get", at, "PatientName=*", "-o", "out", "--json")) == ["fetched", *["there"] * 3]
        ds = filmless.read(placed[files[0]])
        one = f"SOPInstanceUID={ds.SOPInstanceUID}"
        again = invoke("get", at, ds.StudyInstanceUID, f"SeriesInstanceUID={ds.SeriesInstanceUID}", one, "--json")
        assert statuses(again) == ["fetched"]
        assert statuses(invoke("get", at, "PatientName=*", "-o", "out", "--force", "--json")) == ["fetched"] * 4
        assert len(list(Path("out").rglob("*.dcm"))) == 4
        name = next(path for path in files if path.name == "CT_small.dcm")
        study = filmless.read(name).StudyInstanceUID
        assert invoke("get", at, study, "-o", "small", "--transfer-syntax", "jpeg-ls").exit_code == 0
        [small] = Path("small").rglob("*.dcm")
        assert filmless.read(small).file_meta.TransferSyntaxUID.keyword == "JPEGLSLossless"
        assert invoke("get", at, "1.2.3").stderr.startswith("filmless: there is nothing like that")


def test_get_from_dcmtk(invoke: Invoke, peer: Peer, tmp_path: Path, files: list[Path], placed) -> None:
    with dcmqrscp(peer, tmp_path / "qr") as at:
        assert invoke("store", at, *files).stderr == "4 stored\n"
        got = invoke("get", at, "PatientName=*", "-o", "out", "-j", 2)
        assert (got.exit_code, got.stderr) == (0, "4 fetched\n")
        for path, target in placed.items():
            before, after = filmless.read(path), filmless.read(target)
            assert after.SOPClassUID == before.SOPClassUID
            if path.name.endswith("small.dcm"):  # what is compressed it takes uncompressed
                assert after.PixelData == before.PixelData


def test_a_peer_without_get_is_listened_to(
    invoke: Invoke, peer: Peer, tmp_path: Path, files: list[Path], placed
) -> None:
    port = free_port()
    with dcmqrscp(peer, tmp_path / "qr", "--disable-get", move_port=port) as at:
        assert invoke("store", at, *files).stderr == "4 stored\n"
        study = placed[files[0]].parts[1]
        told = invoke("get", at, study, "-o", "out")
        assert (told.exit_code, "--move-to AE@:PORT has it send by C-MOVE" in told.stderr) == (1, True)
        wrong = invoke("get", at, study, "-o", "out", "--move-to", f"NOBODY@:{port}")
        assert (wrong.exit_code, "move destination unknown" in wrong.stderr) == (1, True)
        got = invoke("get", at, study, "-o", "out", "--move-to", f"MOVER@:{port}")
        assert (got.exit_code, got.stderr) == (0, "1 fetched\n")
        assert placed[files[0]].is_file()


def test_move(invoke: Invoke, peer: Peer, tmp_path: Path, files: list[Path], placed) -> None:
    port = free_port()
    with (
        dcmqrscp(peer, tmp_path / "qr", move_port=port) as at,
        running("listen", tmp_path / "in", "--port", port, "--ae-title", "MOVER") as listening,
    ):
        listening.ready()
        assert invoke("store", at, *files).stderr == "4 stored\n"
        study, series = placed[files[0]].parts[1:3]
        moved = invoke("move", at, "MOVER", study)
        assert (moved.exit_code, moved.stderr) == (0, "1 moved\n")
        assert len(list((tmp_path / "in").rglob("*.dcm"))) == 1
        [row] = json.loads(invoke("move", at, "MOVER", study, f"SeriesInstanceUID={series}", "--json").stdout)
        assert row == {"study": study, "series": series, "completed": 1, "failed": 0, "warning": 0, "status": "moved"}
        assert invoke("move", at, "MOVER", "PatientName=*").stderr == "4 moved\n"
        assert len(list((tmp_path / "in").rglob("*.dcm"))) == 4
        unknown = invoke("move", at, "NOBODY", study)
        assert unknown.exit_code == 1
        assert "move destination unknown" in unknown.stderr
        nothing = invoke("move", at, "MOVER", "PatientName=nobody")
        assert (nothing.exit_code, "nothing like that" in nothing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "PACS@host:104", "1.2", "--move-to", "WS"), "--move-to is AE@:PORT"),
        (("get", "PACS@host:104", "1.2", "--move-to", "WS@:x"), "--move-to is AE@:PORT"),
        (("get", "http://localhost:1", "1.2", "--move-to", "WS@:104"), "--move-to is for DIMSE"),
        (("get", "PACS@host:104", "../x"), "expected a UID"),
        (("move", "http://localhost:1", "WS", "1.2"), "a DICOMweb service has no such operation"),
        (("move", "PACS@host:104", "MUCHTOOLONGATITLE", "1.2"), "1 to 16 characters"),
    ],
)
def test_misuse(invoke: Invoke, arguments: tuple[str, ...], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_a_peer_does_not_send_by_get_comes_by_move(invoke: Invoke, peer: Peer, tmp_path: Path) -> None:
    """Orthanc accepts only the storage classes that it has heard of for C-GET, and sends all it has by C-MOVE."""
    port = free_port()
    uids = {"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.5"}
    label_map = filmless.Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.7", "PatientID": "1", **uids})
    (tmp_path / "orthanc").mkdir()
    known = {"here": ("MOVER", port), "us": ("FILMLESS", port)}
    with orthanc(peer("Orthanc"), tmp_path / "orthanc", modalities=known) as there:
        httpx.post(f"{there.url}/instances", content=encode(label_map)).raise_for_status()
        at = f"ORTHANC@127.0.0.1:{there.port}"
        told = invoke("get", at, "1.2.3", "-o", "out", "--json")
        assert statuses(told) == ["failed"]
        assert "66.7 by C-GET; --move-to has it send by C-MOVE" in told.stdout
        got = invoke("get", at, "1.2.3", "-o", "out", "--move-to", f"MOVER@:{port}")
        assert (got.exit_code, got.stderr) == (0, "1 fetched\n")
    assert filmless.read("out/1.2.3/1.2.3.5/1.2.3.4.dcm") == label_map
