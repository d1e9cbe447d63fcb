"""What is dropped on the pages comes in: DICOM, ZIPs, pictures; what is nothing of that says so."""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pydicom.data
import pytest
from PIL import Image

from filmless import read
from filmless.archive import Archive
from filmless.dicomweb.origin.service import Service
from filmless.file import encode
from filmless.security import ApiKeys
from filmless.server import Server, read_settings
from filmless.server.shown import Shown

FILES = Path(pydicom.data.__file__).parent / "test_files"
CT = (FILES / "CT_small.dcm").read_bytes()
HEADER = {"PatientName": "Doe^Jane", "PatientID": "42", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1"}


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(out, "PNG")
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name.replace("__", "."), data)
    return out.getvalue()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server, httpx.Client(base_url=server.addresses.urls[0]) as client:
        yield client


def said(**values: Any) -> dict[str, str]:
    return {"Filmless-Values": quote(json.dumps(values))}


def bring(client: httpx.Client, data: bytes, name: str, **values: str) -> list[dict[str, str]]:
    answer = client.post("/viewer/import", headers=said(name=name, **values), content=data)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()["results"]
    return found


def test_dicom_is_stored_as_it_is(client: httpx.Client, tmp_path: Path) -> None:
    [told] = bring(client, CT, "folder/a.dcm")
    assert (told["name"], told["status"]) == ("folder/a.dcm", "stored")
    assert [one["status"] for one in bring(client, CT, "again")] == ["identical"]
    [stored] = (tmp_path / "a" / "instances").rglob("*.*")
    assert stored.read_bytes() == CT


def test_names_are_of_any_script_and_values_texts(client: httpx.Client) -> None:
    [told] = bring(client, png(), "ヤマダ/a.png", **HEADER | {"PatientName": "Yamada^Tarou=山田^太郎"})
    assert (told["name"], told["status"]) == ("ヤマダ/a.png", "converted")
    [row] = client.get("/dicom-web/studies", headers={"Accept": "application/dicom+json"}).json()
    assert row["00100010"]["Value"] == [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]
    for values in ("[]", '{"a": 1}', "{", "%FF", "[" * 5000):
        answer = client.post("/viewer/import", headers={"Filmless-Values": values}, content=png())
        assert answer.status_code == 400, values
        assert "percent-encoded" in answer.json()["error"]


def test_pictures_are_converted_by_the_few_threads_that_hold_pixels(client: httpx.Client, monkeypatch: Any) -> None:
    drawn: list[str] = []
    draw = Service.draw

    async def noted(self: Service, function: Any, *args: Any) -> Any:
        drawn.append(function.__name__)
        return await draw(self, function, *args)

    monkeypatch.setattr(Service, "draw", noted)
    for data, name in ((zipped(a__png=png(), b__dcm=CT), "z.zip"), (png(), "a.png")):
        told = bring(client, data, name, **HEADER)
        assert "converted" in {one["status"] for one in told}
    assert drawn == ["take_pictures"] * 2
    bring(client, CT, "a.dcm")
    assert len(drawn) == 2


def test_a_zip_is_looked_into(client: httpx.Client) -> None:
    data = zipped(a__dcm=CT, b__png=png(), c__txt=b"hello", DICOMDIR=(FILES / "dicomdirtests/DICOMDIR").read_bytes())
    told = {one["name"]: one["status"] for one in bring(client, data, "z.zip")}
    assert told == {
        "z.zip/a.dcm": "stored",
        "z.zip/b.png": "picture",
        "z.zip/c.txt": "skipped",
        "z.zip/DICOMDIR": "skipped",
    }
    told = {one["name"]: one["status"] for one in bring(client, data, "z.zip", **HEADER)}
    assert told["z.zip/b.png"] == "converted"


def test_pictures_of_one_study_and_series(client: httpx.Client) -> None:
    [without] = bring(client, png(), "a.png")
    assert without["status"] == "picture"
    for number in (1, 2):
        [told] = bring(client, png(), f"{number}.png", InstanceNumber=str(number), StudyDescription="Skin", **HEADER)
        assert told == {"name": f"{number}.png", "status": "converted", "study": "1.2.3"}
    found = client.get("/dicom-web/studies/1.2.3/series/1.2.3.1/instances?includefield=InstanceNumber").json()
    assert sorted(one["00200013"]["Value"] for one in found) == [[1], [2]]
    [row] = client.get("/viewer/studies").json()
    assert (row["PatientName"], row["StudyDescription"], row["instances"]) == ("Doe^Jane", "Skin", 2)


def test_what_is_nothing_says_so(client: httpx.Client) -> None:
    for data in (b"", b"hello", b"x" * 5000, (FILES / "dicomdirtests/DICOMDIR").read_bytes(), CT[:200], b"PK\3\4rest"):
        [told] = bring(client, data, "n")
        assert told["status"] in {"skipped", "failed"}
        assert told["reason"]
    assert client.get("/viewer/study-counts").json()["total"] == 0


def test_what_is_kept_aside_says_why(client: httpx.Client) -> None:
    ds = read(FILES / "CT_small.dcm")
    bring(client, CT, "a.dcm")
    ds.PatientID = "other"
    [told] = bring(client, encode(ds), "b.dcm")
    assert told["status"] == "quarantined"
    assert "same UID" in told["reason"]


def test_a_zip_in_a_zip_and_an_empty_file_are_called_that(client: httpx.Client) -> None:
    data = zipped(inner__zip=zipped(a__dcm=CT), none__dcm=b"")
    told = {one["name"]: one["reason"] for one in bring(client, data, "z.zip")}
    assert told["z.zip/inner.zip"].startswith("a ZIP in a ZIP is not looked into: unpack it")
    assert told["z.zip/none.dcm"] == "the file is empty"
    [alone] = bring(client, b"", "zero.dcm")
    assert alone["reason"] == "the file is empty"


def test_a_data_set_without_preamble_is_told_of(client: httpx.Client) -> None:
    ds = read(FILES / "CT_small.dcm")
    start = 132 + 12 + int(ds.file_meta.FileMetaInformationGroupLength)
    [told] = bring(client, CT[start:], "old")
    assert told["status"] == "skipped"
    assert "without preamble" in told["reason"]


def test_a_bomb_is_refused(client: httpx.Client) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, file.open("zeros", "w", force_zip64=True) as member:
        for _ in range(8):
            member.write(bytes(1 << 20))
    data = bytearray(out.getvalue())
    # It says that it has more than a ZIP of its size may.
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = (0xF0000000).to_bytes(4, "little")
    [told] = bring(client, bytes(data), "bomb.zip")
    assert told["status"] == "failed"


def test_a_wrong_value_is_refused_and_not_repeated(client: httpx.Client) -> None:
    answer = client.post("/viewer/import", headers=said(name="a.png", PatientBirthDate="secret"), content=png())
    assert answer.status_code == 400
    assert "secret" not in answer.text


def test_who_may_not_write_is_told(tmp_path: Path) -> None:
    Archive(tmp_path).close()
    key = ApiKeys(tmp_path / "keys.json").create("reader", roles={"read"})
    given: dict[str, Any] = {"data": tmp_path, "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server:
        answer = httpx.post(f"{server.addresses.urls[0]}/viewer/import", content=CT, headers={"X-Api-Key": key})
    assert answer.status_code == 403
    assert "write" in answer.json()["error"]


def test_where_files_are_only_shown_nothing_is_imported(tmp_path: Path) -> None:
    given: dict[str, Any] = {"data": tmp_path, "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given), shown=Shown(paths=(FILES / "CT_small.dcm",))) as server:
        answer = httpx.post(f"{server.addresses.urls[0]}/viewer/import?name=a", content=CT)
    assert answer.status_code == 403
    assert "nothing is imported" in answer.json()["error"]
    assert "filmless archive import" in answer.json()["hint"]


def test_what_comes_in_waits_in_the_archive_and_leaves_nothing(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = zipped(a__dcm=CT, b__png=png())
    # There is no temporary folder of the system to wait in.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    seen: list[list[str]] = []
    aside = Service.aside

    def noted(self: Service) -> Any:
        file = aside(self)
        seen.append([path.suffix for path in (tmp_path / "a" / "incoming").iterdir()])
        return file

    monkeypatch.setattr(Service, "aside", noted)
    assert {one["status"] for one in bring(client, data, "z.zip", **HEADER)} == {"stored", "converted"}
    assert seen == [[".part"]]
    assert list((tmp_path / "a" / "incoming").iterdir()) == []


def test_a_file_is_bounded_as_an_instance_is(tmp_path: Path) -> None:
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error", "limits.part_bytes": 100_000}
    with Server(read_settings(given=given)) as server, httpx.Client(base_url=server.addresses.urls[0]) as client:
        answer = client.post("/viewer/import", headers=said(name="a.bmp"), content=bytes(100_001))
        assert (answer.status_code, "100000 bytes" in answer.json()["error"]) == (413, True)
        assert bring(client, bytes(100_000), "a.bmp")[0]["status"] == "skipped"
    assert list((tmp_path / "a" / "incoming").iterdir()) == []
