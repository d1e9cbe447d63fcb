"""Another archive that is looked at: its studies are listed and sought in, and come when they are opened."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from filmless import read
from filmless.archive import Archive
from filmless.archive.index.study_list import SORTS, StudyList, list_studies
from filmless.dataset import Dataset
from filmless.dicomweb import BlockingClient
from filmless.errors import DicomWebError
from filmless.file import encode
from filmless.server import Server, read_settings
from filmless.server.afar import OtherArchive
from filmless.server.shown import Shown
from tests.orthanc import orthanc

PEOPLE = [
    ("Doe^Jane", "P-1", "20240102", "CT Thorax", "A1", "CT"),
    ("Doe^John", "P-2", "20240203", "Knee left", "A2", "MR"),
    ("Roe^Richard", "DOE-3", "20231231", "Thorax", "A13", "CT"),
    ("Miller^Ann", "P-4", "20220101", "", "X9", "US"),
]
SOUGHT = [
    {},
    {"text": "doe"},
    {"text": "doe jane"},
    {"text": "thorax ct"},
    {"text": "CT"},
    {"text": "20240203"},
    {"text": "2024-02-03"},
    {"text": "nobody"},
    {"text": "*"},
    {"text": "* doe"},
    {"text": "jo*"},
    {"text": "oe*"},
    {"text": "20240*"},
    {"patient": "Doe^Jane"},
    {"patient": "Doe^J*"},
    {"patient": "*^*"},
    {"patient": "ro? r*d"},
    {"patient_id": "p-?"},
    {"accession_number": "a1*"},
    {"modality": "C*"},
    {"modality": "*"},
    {"patient": "doe"},
    {"patient": "jane doe"},
    {"patient_id": "P-"},
    {"accession_number": "A1"},
    {"description": "thorax"},
    {"modality": "CT"},
    {"first": "20240101"},
    {"last": "20231231"},
    {"first": "20231231", "last": "20240102", "text": "thorax"},
    {"text": "doe", "modality": "MR", "first": "20240101"},
]


def made(ct: Path) -> Iterator[Dataset]:
    ds = read(ct)
    for number, (name, patient, date, description, accession, modality) in enumerate(PEOPLE, 1):
        ds.PatientName, ds.PatientID, ds.StudyDate = name, patient, date
        ds.StudyDescription, ds.AccessionNumber, ds.Modality = description, accession, modality
        ds.StudyInstanceUID = f"1.2.{number}"
        for instance in range(1, number + 1):
            ds.SeriesInstanceUID, ds.SOPInstanceUID = f"1.2.{number}.1", f"1.2.{number}.1.{instance}"
            yield ds


@pytest.fixture(scope="module")
def files(pydicom_files: list[Path]) -> list[bytes]:
    [ct] = [path for path in pydicom_files if path.name == "CT_small.dcm"]
    return [encode(ds) for ds in made(ct)]


@pytest.fixture(scope="module", params=["filmless", "Orthanc"])
def there(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    peer: Callable[[str], str],
    files: list[bytes],
) -> Iterator[str]:
    """A service with some studies."""
    folder = tmp_path_factory.mktemp("there")
    if request.param == "Orthanc":
        with orthanc(peer("Orthanc"), folder, servers={}) as found:
            with BlockingClient(f"{found.url}/dicom-web") as client:
                assert len(client.store(files).stored) == len(files)
            yield f"{found.url}/dicom-web"
        return
    with Archive(folder) as archive:
        for data in files:
            archive.store(data)
    with Server(read_settings(given={"data": folder, "http.port": 0, "logs.level": "error"})) as server:
        yield f"{server.addresses.urls[0]}/dicom-web"


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory, files: list[bytes]) -> Iterator[Archive]:
    """An archive of the same studies."""
    with Archive(tmp_path_factory.mktemp("same")) as archive:
        for data in files:
            archive.store(data)
        yield archive


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "here") as archive:
        yield archive


@pytest.fixture
def other(here: Archive, there: str) -> Iterator[OtherArchive]:
    found = OtherArchive(here, BlockingClient(there), name="there")
    yield found
    found.close()


@pytest.mark.parametrize("values", SOUGHT, ids=str)
def test_what_is_found_is_what_an_own_archive_finds(other: OtherArchive, same: Archive, values: dict[str, str]) -> None:
    wanted = StudyList(**values)
    found = other.studies(wanted)
    expected = list_studies(same.index.database, wanted)
    assert found.is_whole
    assert [study.uid for study in found.studies] == [study.uid for study in expected]
    assert [(one.series, one.instances, one.modalities) for one in found.studies] == [
        (one.series, one.instances, one.modalities) for one in expected
    ]


def test_it_is_in_any_order(other: OtherArchive, same: Archive) -> None:
    for sort in SORTS:
        for descending in (True, False):
            wanted = StudyList(sort=sort, descending=descending)
            found = [study.uid for study in other.studies(wanted).studies]
            assert sorted(found) == ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]
            if sort not in {"received", "modality", "series"}:  # of which several have one
                assert found == [one.uid for one in list_studies(same.index.database, wanted)], sort


def fetched(other: OtherArchive, uid: str) -> None:
    while other.fetch(uid, wait_s=30) is not None:
        pass


def test_a_study_comes_whole_and_as_it_is(
    other: OtherArchive, here: Archive, same: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(other, "1.2.3")
    entries = here.entries("1.2.3")
    assert sorted(entry.instance_uid for entry in entries) == ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3"]
    for entry in entries:
        assert here.dataset(entry) == same.dataset(same.index.find(entry.instance_uid))
    # What is here does not come again, and what is missing comes alone.
    asked: list[tuple[Any, ...]] = []
    retrieve_to = other._client.retrieve_to
    monkeypatch.setattr(other._client, "retrieve_to", lambda *args: asked.append(args[1:]) or retrieve_to(*args))
    monkeypatch.setattr("filmless.server.afar._FRESH_S", 0.0)
    fetched(other, "1.2.3")
    assert asked == []
    here.forget(entries[:1])
    fetched(other, "1.2.3")
    assert asked == [("1.2.3", "1.2.3.1", entries[0].instance_uid)]
    assert len(here.entries("1.2.3")) == 3


@pytest.mark.parametrize("uid", ["1.2.999", "../../etc", "1.2/series", "", "1" * 65])
def test_what_is_not_there_is_said_each_time(other: OtherArchive, uid: str) -> None:
    for _ in range(2):
        with pytest.raises(DicomWebError, match="no such study") as told:
            fetched(other, uid)
        assert told.value.status == 404


def test_there_is_room_for_so_much(other: OtherArchive, here: Archive) -> None:
    fetched(other, "1.2.1")
    size = here.entries("1.2.1")[0].size
    other._most_bytes = 3 * size + size // 2
    fetched(other, "1.2.2")
    assert here.entries("1.2.1")
    fetched(other, "1.2.3")  # which leaves no room for the others
    assert here.entries("1.2.1") == here.entries("1.2.2") == []
    assert not (here.folder / "fetched" / "1.2.1").exists()
    with pytest.raises(DicomWebError, match="room") as told:
        fetched(other, "1.2.4")
    assert told.value.status == 507
    assert here.entries("1.2.4") == []
    fetched(other, "1.2.1")  # those that had to go come again
    assert here.entries("1.2.1")


def test_who_does_not_answer_is_named(here: Archive) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    client = BlockingClient("http://there.example/", transport=httpx.MockTransport(refuse), retries=0)
    other = OtherArchive(here, client, name="there.example")
    for ask in (lambda: other.studies(StudyList()), lambda: fetched(other, "1.2.3")):
        with pytest.raises(DicomWebError, match=r"there\.example") as told:
            ask()
        assert told.value.status == 502
    other.close()


@pytest.mark.parametrize("answer", [b"", b"[{}]", b'[{"00080018": {"vr": "UI", "Value": ["x"]}}]', b"{", b"[1]"])
def test_answers_that_are_none_do_no_harm(here: Archive, answer: bytes) -> None:
    kind = {"Content-Type": "application/dicom+json"}
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=kind, content=answer))
    other = OtherArchive(here, BlockingClient("http://there.example/", transport=transport, retries=0), name="there")
    with pytest.raises(DicomWebError):
        fetched(other, "1.2.3")
    with suppress(DicomWebError):
        assert other.studies(StudyList(text="x")).studies == []
    other.close()


def test_the_viewer_shows_it(there: str, tmp_path: Path) -> None:
    shown = Shown(other=BlockingClient(there), name="there:8042", save_to=tmp_path / "saved")
    (tmp_path / "saved").mkdir()
    settings = read_settings(given={"data": tmp_path / "d", "http.port": 0, "logs.level": "error"})
    with Server(settings, shown=shown) as server, httpx.Client(base_url=server.addresses.urls[0]) as client:
        told = client.get("/viewer/session").json()
        assert (told["other"], told["canImport"], told["canDelete"], told["canSave"]) == (
            "there:8042",
            False,
            False,
            True,
        )
        assert told["looking"] is None
        rows = client.get("/viewer/studies?sort=patient&order=ascending&limit=2&offset=1").json()
        assert [row["PatientName"] for row in rows] == ["Doe^John", "Miller^Ann"]
        headers = {"Filmless-Values": json.dumps({"text": "thorax"})}
        assert client.get("/viewer/study-counts", headers=headers).json() == {"shown": 2, "total": 2, "isWhole": True}
        while (answer := client.get("/viewer/studies/1.2.2")).status_code == 202:
            assert set(answer.json()["fetching"]) == {"instances", "of"}
        assert answer.json()["series"][0]["instances"] == 2
        assert client.get("/viewer/studies/1.2.2/others").json() == {"studies": []}
        assert client.get("/viewer/studies/1.2.77").status_code == 404
        # What is taken along comes first.
        assert client.get("/viewer/fileset?study=1.2.3").content[:2] == b"PK"
        assert client.get("/viewer/fileset?study=1.2.88").status_code == 404
        refused = client.post("/viewer/import", content=b"x")
        assert (refused.status_code, "archive of the network" in refused.json()["error"]) == (403, True)


def test_lists_are_asked_for_once_for_a_moment(here: Archive, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = BlockingClient(there)
    other = OtherArchive(here, client, name="there")
    asked: list[dict[str, Any]] = []
    search = client.search_studies
    monkeypatch.setattr(client, "search_studies", lambda **values: asked.append(values) or search(**values))
    wanted = StudyList(patient="doe")
    other.studies(wanted)
    other.studies(replace(wanted, sort="id", descending=False))
    assert len(asked) == 1
    monkeypatch.setattr("filmless.server.afar._LISTED_S", -1.0)
    other.studies(wanted)
    assert len(asked) == 2
    other.close()


def test_a_column_that_a_service_does_not_match_leaves_the_others(here: Archive) -> None:
    row = b'[{"0020000D": {"vr": "UI", "Value": ["1.2"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe"}]}}]'

    def answer(request: httpx.Request) -> httpx.Response:
        if "PatientID" in request.url.params:
            return httpx.Response(400)
        return httpx.Response(200, headers={"Content-Type": "application/dicom+json"}, content=row)

    client = BlockingClient("http://there.example/", transport=httpx.MockTransport(answer), retries=0)
    other = OtherArchive(here, client, name="there")
    found = other.studies(StudyList(text="doe"))
    assert ([study.uid for study in found.studies], found.is_whole) == (["1.2"], False)
    other.close()
