"""The list of studies, as the pages ask for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pydicom.data
import pytest

from filmless import read
from filmless.archive import Archive
from filmless.archive.index.study_list import SORTS
from filmless.security import ApiKeys
from filmless.server import Server, read_settings

FILES = Path(pydicom.data.__file__).parent / "test_files"
PEOPLE = [
    ("Doe^Jane", "P-1", "20240102", "CT Thorax", "A_1", "CT"),
    ("Müller^José", "P-2", "20240203", "Schädel ÜBERSICHT", "A%2", "MR"),
    ("Yamada^Tarou=山田^太郎", "P-3", "", "", "A13", "CT"),
]


def _store(archive: Archive) -> None:
    ds = read(FILES / "CT_small.dcm")
    ds.SpecificCharacterSet = "ISO_IR 192"
    for number, (name, patient, date, description, accession, modality) in enumerate(PEOPLE):
        ds.PatientName, ds.PatientID, ds.StudyDate = name, patient, date
        ds.StudyDescription, ds.AccessionNumber, ds.Modality = description, accession, modality
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.{number + 1}", f"1.2.{number + 1}.1"
        ds.SOPInstanceUID = f"1.2.{number + 1}.1.1"
        archive.store(ds)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    with Archive(folder) as archive:
        _store(archive)
    return folder


@pytest.fixture(scope="module")
def client(data: Path) -> Iterator[httpx.Client]:
    given = {"data": data, "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server, httpx.Client(base_url=server.addresses.urls[0]) as client:
        yield client


def found(client: httpx.Client, **query: Any) -> list[str]:
    answer = client.get("/viewer/studies", params=query)
    assert answer.status_code == 200, answer.text
    counts = client.get("/viewer/study-counts", params=query).json()
    assert counts == {"shown": len(answer.json()), "total": len(PEOPLE)}
    return [row["uid"] for row in answer.json()]


def test_what_is_of_a_patient_may_be_said_apart_from_the_address(client: httpx.Client) -> None:
    for said, wanted in (({"text": "müller"}, ["1.2.2"]), ({"patient": "山田", "sort": "id"}, ["1.2.3"])):
        headers = {"Filmless-Values": quote(json.dumps(said))}
        assert [row["uid"] for row in client.get("/viewer/studies", headers=headers).json()] == wanted
        assert client.get("/viewer/study-counts?modality=CT&text=x", headers=headers).json()["total"] == 3
    for wrong in ("[]", '{"text": 1}', "{", "%FF", "[" * 5000):
        answer = client.get("/viewer/studies", headers={"Filmless-Values": wrong})
        assert (answer.status_code, "percent-encoded" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, "213"),
        ({"text": "doe"}, "1"),
        ({"text": "JANE doe"}, "1"),
        ({"text": "Doe^Jane"}, "1"),
        ({"text": "muller jose"}, "2"),
        ({"text": "山田"}, "3"),
        ({"text": "p-"}, "213"),
        ({"text": "thorax ct 2024"}, "1"),
        ({"text": "schädel übersicht"}, "2"),
        ({"text": "a_1"}, "1"),  # and not A13: it is no pattern
        ({"text": "a%"}, "2"),
        ({"text": "2024-02"}, "2"),
        ({"text": "'; --"}, ""),
        ({"patient": "doe thorax"}, ""),
        ({"patient": "???"}, "1"),
        ({"patient": "??"}, "3"),
        ({"text": "*"}, "213"),
        ({"text": "* doe"}, "1"),
        ({"patient": "*"}, "213"),
        ({"patient": "*^*"}, "213"),
        ({"text": "DO*"}, "1"),
        ({"text": "o*"}, ""),  # no word begins so
        ({"text": "*oe"}, "1"),
        ({"text": "*o*"}, "213"),
        ({"patient": "doe^j*"}, "1"),
        ({"patient": "Mull?r*"}, "2"),
        ({"patient": "山*"}, "3"),
        ({"text": "thor*"}, "1"),
        ({"text": "horax*"}, ""),
        ({"text": "2024*"}, "21"),
        ({"id": "P-*"}, "213"),
        ({"id": "-*"}, ""),
        ({"id": "p-?"}, "213"),
        ({"id": "*"}, "213"),
        ({"accession": "a?1"}, "1"),
        ({"accession": "a%*"}, "2"),
        ({"description": "über*"}, "2"),
        ({"modality": "C*"}, "13"),
        ({"modality": "*"}, "213"),
        ({"id": "3"}, "3"),
        ({"description": "ct"}, "1"),
        ({"accession": "a1"}, "3"),
        ({"modality": "CT"}, "13"),
        ({"modality": "C"}, ""),
        ({"from": "2024-01-03"}, "2"),
        ({"to": "20240110"}, "1"),
        ({"from": "20240102", "to": "20240203"}, "21"),
        ({"sort": "patient", "order": "ascending"}, "123"),
        ({"sort": "id", "order": "descending"}, "321"),
    ],
)
def test_what_is_found(client: httpx.Client, query: dict[str, str], wanted: str) -> None:
    assert found(client, **query) == [f"1.2.{number}" for number in wanted]


@pytest.mark.parametrize("sort", SORTS)
def test_any_order_is_one(client: httpx.Client, sort: str) -> None:
    assert len(found(client, sort=sort, order="ascending")) == len(found(client, sort=sort)) == 3


def test_a_row_says_what_is_shown(client: httpx.Client) -> None:
    [row] = client.get("/viewer/studies", params={"text": "yamada"}).json()
    assert row["received"] > 0
    assert row["size"] > 0
    assert (row["series"], row["instances"], row["modalities"]) == (1, 1, ["CT"])
    assert row["PatientName"] == "Yamada^Tarou=山田^太郎"
    assert "StudyDate" not in row


def test_a_part_of_the_list(client: httpx.Client) -> None:
    rows = client.get("/viewer/studies", params={"offset": 1, "limit": 1}).json()
    assert [row["uid"] for row in rows] == ["1.2.1"]
    assert client.get("/viewer/studies", params={"offset": 9}).json() == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("sort=size", 400),
        ("order=up", 400),
        ("offset=-1", 400),
        ("limit=501", 400),
        ("limit=9" + "9" * 30, 400),
        ("from=1.1.2024", 400),
        ("text=" + "a+" * 21, 413),
    ],
)
def test_what_is_wrong_is_refused(client: httpx.Client, query: str, status: int) -> None:
    answer = client.get(f"/viewer/studies?{query}")
    assert answer.status_code == status
    assert answer.json()["error"]


def test_what_is_out_of_sight_is_not_counted(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        _store(archive)
    keys = ApiKeys(tmp_path / "keys.json")
    given = {"data": tmp_path, "http.port": 0, "logs.level": "error"}
    key = keys.create("some", roles={"read"}, patients={"P-2"})
    with Server(read_settings(given=given)) as server:
        client = httpx.Client(base_url=server.addresses.urls[0], headers={"X-Api-Key": key})
        assert [row["uid"] for row in client.get("/viewer/studies").json()] == ["1.2.2"]
        assert client.get("/viewer/studies?text=doe").json() == []
        assert client.get("/viewer/study-counts?text=doe").json() == {"shown": 0, "total": 1}
        client.close()


def test_many_studies_are_looked_through_along_an_index(data: Path) -> None:
    with Archive(data, read_only=True) as archive:
        sql = "SELECT count(*) FROM study s WHERE instr(s.patient_name_words, 'a') > 0 OR s.description LIKE '%a%'"
        [row] = archive.index.database.rows(f"EXPLAIN QUERY PLAN {sql}")
        assert "COVERING INDEX study_by_text" in row[3]
