"""`filmless find`, `get` and `store`, against a real server."""

import json
import shutil
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import Result

import filmless
from filmless.archive import Archive
from filmless.dicomweb import application

Invoke = Callable[..., Result]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()


@pytest.fixture
def shown() -> list[dict[str, str]]:
    """The headers of each request that came."""
    return []


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, shown: list[dict[str, str]]) -> Iterator[str]:
    with Archive(tmp_path_factory.mktemp("data")) as archive:
        inner = application(archive)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            shown.append({name.decode(): value.decode() for name, value in scope["headers"]})
            await inner(scope, receive, send)

        listener = socket.create_server(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.listening.wait(30)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)
        listener.close()


@pytest.fixture
def folder(tmp_path: Path, pydicom_files: list[Path]) -> Path:
    """A folder with two files, one more in a ZIP, and what is no DICOM."""
    made = tmp_path / "in"
    (made / "deep").mkdir(parents=True)
    by_name = {path.name: path for path in pydicom_files}
    shutil.copy(by_name["CT_small.dcm"], made)
    shutil.copy(by_name["MR_small.dcm"], made / "deep" / "mr")
    (made / "readme.txt").write_text("no DICOM")
    shutil.copy(by_name["DICOMDIR"], made)
    # Read without a preamble it is a data set of one element, and was sent and refused.
    (made / "head.nii").write_bytes((348).to_bytes(4, "little") + bytes(344))
    with zipfile.ZipFile(made / "more.zip", "w") as archive:
        archive.write(by_name["JPEG2000.dcm"], "a/b.dcm")
    return made


def test_store_find_get(invoke: Invoke, served: str, folder: Path, tmp_path: Path) -> None:
    stored = invoke("store", served, folder)
    assert (stored.exit_code, stored.stderr) == (0, "3 stored\n")

    table = invoke("find", served, "PatientName=CompressedSamples^*")
    assert table.exit_code == 0
    lines = table.stdout.splitlines()
    assert lines[0].split()[:3] == ["PatientName", "PatientID", "StudyDate"]
    assert len(lines) == 4
    ct = filmless.read(folder / "CT_small.dcm")
    as_json = invoke("find", served, "--level", "instance", f"StudyInstanceUID={ct.StudyInstanceUID}", "--json")
    (found,) = json.loads(as_json.stdout)
    assert found["00080018"]["Value"] == [ct.SOPInstanceUID]
    assert invoke("find", served, "PatientID=nobody").stderr == "nothing found\n"
    coded = ("AnatomicRegionSequence.CodeValue=nowhere", "00082218.00080100=nowhere")
    assert [invoke("find", served, "-l", "instance", key).stderr for key in coded] == ["nothing found\n"] * 2
    wrong = invoke("find", served, "StudyDate=2004-01-19")
    assert "the key StudyDate is neither a date nor a range of them\nhint: expected one as 20240131" in wrong.stderr

    got = invoke("get", served, ct.StudyInstanceUID, "-o", "out")
    assert (got.exit_code, got.stderr) == (0, "1 fetched\n")
    path = tmp_path / "out" / ct.StudyInstanceUID / ct.SeriesInstanceUID / f"{ct.SOPInstanceUID}.dcm"
    assert path.read_bytes() == (folder / "CT_small.dcm").read_bytes()
    assert invoke("get", served, ct.StudyInstanceUID, "-o", "small", "--transfer-syntax", "jpeg-ls").exit_code == 0
    (small,) = (tmp_path / "small").rglob("*.dcm")
    assert filmless.read(small).file_meta.TransferSyntaxUID.keyword == "JPEGLSLossless"
    rows = json.loads(invoke("get", served, "PatientName=*", "-o", "out", "--json").stdout)
    assert sorted(row["status"] for row in rows) == ["fetched", "fetched", "there"]
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 3
    assert [one for one in (tmp_path / "out").rglob("*") if one.is_file() and one.suffix != ".dcm"] == []


def test_what_fails_is_told(invoke: Invoke, served: str, folder: Path) -> None:
    result = invoke("store", served, folder / "CT_small.dcm", folder / "readme.txt", "missing.dcm", "--json")
    assert result.exit_code == 1
    rows = {Path(row["source"]).name: row for row in json.loads(result.stdout)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "CT_small.dcm": "stored",
        "readme.txt": "failed",
        "missing.dcm": "failed",
    }
    assert "2 of 3 files failed" in result.stderr
    other = invoke("store", served, folder / "CT_small.dcm", "--study", "1.2.3")
    assert other.exit_code == 1
    assert "another study" in other.stderr
    assert invoke("get", served, "1.2.3").stderr.startswith("filmless: there is nothing like that")


def test_what_is_set_aside_is_told(invoke: Invoke, served: str, folder: Path) -> None:
    assert invoke("store", served, folder / "CT_small.dcm").stderr == "1 stored\n"
    ds = filmless.read(folder / "CT_small.dcm")
    ds.InstitutionName = "another"
    ds.save_as(folder / "CT_small.dcm")
    told = invoke("store", served, folder)
    assert told.stderr == "3 stored, 1 of them set aside: the service has others with their UIDs\n"
    assert told.exit_code == 0


def test_what_is_shown_to_the_service(invoke: Invoke, served: str, shown: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n")
    assert invoke("find", served, "--key-file", "key", "--header", "X-Site: north").exit_code == 0
    assert shown[-1]["authorization"] == "Bearer secret"
    assert shown[-1]["x-site"] == "north"


def test_a_peer_by_its_name(invoke: Invoke, served: str, shown: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    (tmp_path / "c.toml").write_text(f'[peers.pacs]\nurl = "{served}"\ntoken_file = "key"\n')
    assert invoke("find", "pacs", "--config", "c.toml").exit_code == 0
    assert shown[-1]["authorization"] == "Bearer secret"
    wrong = invoke("find", "other", "--config", "c.toml")
    assert wrong.exit_code == 2
    assert "pacs" in wrong.stderr


def test_rows_of_instances_say_where_they_are(invoke: Invoke, served: str, folder: Path) -> None:
    ds = filmless.read(folder / "CT_small.dcm")
    invoke("store", f"{served}/studies", folder / "CT_small.dcm")  # as it was pasted from a browser
    for keys in ((), (f"StudyInstanceUID={ds.StudyInstanceUID}", f"SeriesInstanceUID={ds.SeriesInstanceUID}")):
        found = invoke("find", f"{served}/wado", "--level", "instance", *keys)
        assert found.exit_code == 0, found.stderr
        for uid in (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID):
            assert str(uid) in found.stdout


def test_delete_asks_and_takes_what_is_named(invoke: Invoke, served: str, folder: Path) -> None:
    ds, other = filmless.read(folder / "CT_small.dcm"), filmless.read(folder / "deep" / "mr")
    assert invoke("store", served, folder / "CT_small.dcm", folder / "deep" / "mr").exit_code == 0
    uids = [str(ds[name].value) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]
    unasked = invoke("delete", served, uids[0])
    assert (unasked.exit_code, "--yes" in unasked.stderr) == (1, True)
    nothing = invoke("delete", served, *uids[:2], "1.2.3", "--yes")
    assert (nothing.exit_code, "nothing like that" in nothing.stderr) == (1, True)
    for wrong in ("PatientID=*", "*", ""):
        assert invoke("delete", served, wrong, "--yes").exit_code == 2
    assert str(uids[0]) in invoke("find", served).stdout
    for count in (3, 1):
        done = invoke("delete", served, *uids[:count], "--yes")
        if count == 3:
            assert "1 instance deleted" in done.stderr
    left = invoke("find", served).stdout
    assert uids[0] not in left
    assert str(other.StudyInstanceUID) in left


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("find", "pacs"), "`pacs` is no URL"),
        (("find", "http://localhost:1", "PatientName"), "KEYWORD=VALUE"),
        (("find", "http://localhost:1", "PatientNam=x"), "PatientName"),
        (("find", "http://localhost:1", "--header", "x"), "NAME:VALUE"),
        (("find", "http://localhost:1", "ReferencedStudySequence.PatientNam=x"), "PatientName"),
        (("get", "http://localhost:1", "../x"), "expected a UID"),
        (("get", "http://localhost:1", "1.2", "--transfer-syntax", "jpeg-lss"), "`jpeg-lss` is no transfer syntax"),
        (("find", "http://"), "http"),
    ],
)
def test_misuse(invoke: Invoke, arguments: tuple[str, ...], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_service_that_is_not_there(invoke: Invoke, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for arguments in (("find", f"http://127.0.0.1:{port}"), ("store", f"http://127.0.0.1:{port}", folder)):
        result = invoke(*arguments, "--retries", "0")
        assert result.exit_code == 1
        assert "could not connect" in result.stderr


def test_the_other_commands_do_not_import_the_client() -> None:
    import subprocess
    import sys

    code = (
        "import sys, filmless.cli.program; print([m for m in ('httpx', 'starlette', 'sqlalchemy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
