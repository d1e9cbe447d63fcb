"""The clients: both do the same, against our server and against hostile ones."""

import asyncio
import inspect
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import filmless
from filmless.archive import Archive
from filmless.dicomweb import BlockingClient, Client, Rendered, application
from filmless.dicomweb.client.storing import Stored, StoreReport
from filmless.errors import DicomError, DicomWebError, LimitError, LocalProtocolError, NetworkError
from filmless.file import encode

from .conftest import serving
from .multipart_bodies import multipart

Call = Callable[..., Any]
URL = "http://peer/dicom-web"
STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.4", "1.2.3.4.5"
DICOM = 'multipart/related; type="application/dicom"; boundary=0123456789abcdef'


@pytest.fixture(params=["blocking", "asynchronous"])
def call(request: pytest.FixtureRequest) -> Call:
    """Call a method of either client; what it gives one after the other comes as a list."""

    def blocking(url: str, method: str, *args: Any, options: dict[str, Any], **rest: Any) -> Any:
        with BlockingClient(url, **options) as client:
            found = getattr(client, method)(*args, **rest)
            return list(found) if isinstance(found, Iterator) else found

    async def asynchronous(url: str, method: str, *args: Any, options: dict[str, Any], **rest: Any) -> Any:
        async with Client(url, **options) as client:
            found = getattr(client, method)(*args, **rest)
            return [one async for one in found] if hasattr(found, "__aiter__") else await found

    def called(url: str, method: str, *args: Any, options: dict[str, Any] | None = None, **rest: Any) -> Any:
        given = {"backoff_s": 0.0, **(options or {})}
        if request.param == "blocking":
            return blocking(url, method, *args, options=given, **rest)
        return asyncio.run(asynchronous(url, method, *args, options=given, **rest))

    return called


@pytest.fixture
def answered(call: Call) -> Call:
    """Call a method against answers that a function makes."""

    def called(answer: Callable[[httpx.Request], httpx.Response], method: str, *args: Any, **rest: Any) -> Any:
        options = {"transport": httpx.MockTransport(answer), **rest.pop("options", {})}
        return call(URL, method, *args, options=options, **rest)

    return called


@pytest.fixture(scope="module")
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with Archive(tmp_path / "data") as archive, serving(application(archive)) as url:
        yield url


def test_both_clients_have_the_same_methods() -> None:
    def shape(kind: type) -> dict[str, list[tuple[str, Any, Any]]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: [(one.name, one.kind, one.default) for one in inspect.signature(method).parameters.values()]
            for name, method in methods
            if not name.startswith("_") or name == "__init__"
        }

    assert shape(Client) == shape(BlockingClient)
    for name in shape(Client):
        told = [
            re.sub(r"Async|Awaitable", "", str(inspect.signature(getattr(kind, name)).return_annotation))
            for kind in (Client, BlockingClient)
        ]
        assert told[0] == told[1], name


def test_store_search_retrieve_delete(call: Call, served: str, pydicom_files: list[Path], tmp_path: Path) -> None:
    names = {"CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "README.txt"}
    paths = [path for path in pydicom_files if path.name in names]
    ds, data = filmless.read(paths[0]), paths[1].read_bytes()
    seen: list[Stored] = []
    report = call(served, "store", [ds, data, *paths[2:], tmp_path], progress=seen.append)
    assert isinstance(report, StoreReport)
    assert [one.source for one in report.stored] == ["source 1", "source 2", str(paths[2])]
    assert [one.source for one in report.failed] == [str(tmp_path)]
    assert sorted(seen, key=repr) == sorted(report.stored + report.failed, key=repr)

    study, series, instance = (
        str(ds[name].value) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    )
    (found,) = call(served, "search_studies", StudyInstanceUID=study)
    assert found.StudyInstanceUID == study
    assert len(call(served, "search_studies", limit=2)) == 2
    assert [one.SeriesInstanceUID for one in call(served, "search_series", study)] == [series]
    assert [one.SOPInstanceUID for one in call(served, "search_instances", study, series)] == [instance]

    assert call(served, "retrieve", study) == [ds]
    (path,) = call(served, "retrieve_to", tmp_path / "out", study, series, instance)
    assert path == tmp_path / "out" / f"{instance}.dcm"
    assert path.read_bytes() == encode(ds)
    assert [one.name for one in (tmp_path / "out").iterdir()] == [path.name]
    (header,) = call(served, "retrieve_metadata", study)
    assert header.PatientName == ds.PatientName
    assert call(served, "retrieve_frames", study, series, instance, [1]) == [ds.PixelData]
    assert call(served, "retrieve_frames", study, series, instance, 1) == [ds.PixelData]
    assert call(served, "rendered", study, series, instance)[:2] == b"\xff\xd8"
    texts = [call(served, "rendered", study, series, instance, window=w) for w in ("40,400", (40, 400), [99, 9])]
    assert texts[0] == texts[1] != texts[2]
    assert call(served, "thumbnail", study, viewport="64,64")[:2] == b"\xff\xd8"

    for name in ("jpeg-ls", "JPEGLSLossless", "1.2.840.10008.1.2.4.80"):
        (small,) = call(served, "retrieve", study, transfer_syntax=name)
        assert small.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"
    made_on = date.fromisoformat(ds.StudyDate)
    assert [one.StudyDate for one in call(served, "search_studies", StudyDate=made_on)] == [ds.StudyDate]
    one_field = call(served, "search_series", study, include="StationName")
    assert one_field == call(served, "search_series", study, include=["StationName"])
    assert "StationName" in one_field[0]

    call(served, "delete", study)
    with pytest.raises(DicomWebError) as caught:
        call(served, "retrieve", study)
    assert caught.value.status == 404


def test_several_pictures_are_not_one(answered: Call) -> None:
    kind = {"Content-Type": 'multipart/related; type="image/jpeg"; boundary=x'}
    with pytest.raises(DicomWebError, match="a picture for each") as caught:
        answered(lambda _: httpx.Response(200, content=b"--x--", headers=kind), "rendered", STUDY)
    assert "rendered_all" in str(caught.value.hint)


def test_bulk_data_of_headers(call: Call, served: str, ct: Path) -> None:
    ds = filmless.read(ct)
    call(served, "store", ct)
    uris: dict[int, str] = {}

    def keep(tag: int, vr: str, uri: str) -> bytes | None:
        uris[tag] = uri
        return b"\x01\x02" if vr == "OW" else None

    (header,) = call(served, "retrieve_metadata", ds.StudyInstanceUID, bulk_data=keep)
    assert header.PixelData == b"\x01\x02"
    assert call(served, "retrieve_bulk_data", uris[0x7FE00010]) == ds.PixelData

    def fail(tag: int, vr: str, uri: str) -> bytes | None:
        raise NetworkError("of the function")

    with pytest.raises(NetworkError, match="of the function"):
        call(served, "retrieve_metadata", ds.StudyInstanceUID, bulk_data=fail)


# -- searches ----------------------------------------------------------------------------------------------------------


def rows(*numbers: int) -> bytes:
    return json.dumps([{"00200010": {"vr": "SH", "Value": [str(number)]}} for number in numbers]).encode()


def test_pages_follow_each_other(answered: Call) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        start, size = int(request.url.params["offset"]), min(int(request.url.params["limit"]), 400)
        numbers = range(start, min(start + size, 1000))
        more = {"Warning": "299 x: there are more"} if start + size < 1000 else {}
        headers = {"Content-Type": "application/dicom+json", **more}
        return httpx.Response(200, content=rows(*numbers), headers=headers)

    found = answered(answer, "search_studies", PatientName="Doe*", include=["StudyDescription"])
    assert [int(one.StudyID) for one in found] == list(range(1000))
    assert [one["offset"] for one in asked] == ["0", "400", "800"]
    assert asked[0]["PatientName"] == "Doe*"
    assert asked[0]["includefield"] == "StudyDescription"
    assert len(answered(answer, "search_studies", limit=450)) == 450


def test_wildcards_and_lists_are_not_escaped(answered: Call) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return httpx.Response(204)

    values = {"PatientName": "Doe J?n*", "StudyInstanceUID": ["1.2", "1.3"], "PatientID": "a&b+c=1%"}
    assert answered(answer, "search_studies", **values) == []
    assert asked == ["PatientName=Doe%20J?n*&StudyInstanceUID=1.2,1.3&PatientID=a%26b%2Bc%3D1%25&limit=1000&offset=0"]


def test_a_service_without_offset_does_not_go_on_for_ever(answered: Call) -> None:
    headers = {"Content-Type": "application/dicom+json"}
    found = answered(lambda _: httpx.Response(200, content=rows(*range(1000)), headers=headers), "search_series")
    assert len(found) == 1000
    assert answered(lambda _: httpx.Response(204), "search_series") == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html>Log in", "text/html"),
        (b"[", "application/dicom+json"),
        (b"[" * 100_000, "application/dicom+json"),
        (b'[{"0010": 1}]', "application/dicom+json"),
        (b"[1]", "application/dicom+json"),
        (b"\xff", "application/dicom+json"),
    ],
)
def test_wrong_answers_to_a_search(answered: Call, content: bytes, kind: str) -> None:
    with pytest.raises(DicomWebError) as caught:
        answered(lambda _: httpx.Response(200, content=content, headers={"Content-Type": kind}), "search_studies")
    assert caught.value.status == 200


def test_errors_have_their_status_and_no_value_of_the_query(answered: Call) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "the role `read` is needed for this", "hint": "ask"})

    with pytest.raises(DicomWebError, match="403 to GET /studies: the role `read` is needed") as caught:
        answered(answer, "search_studies", PatientName="Doe^Jane")
    assert caught.value.status == 403
    assert "Doe" not in str(caught.value)


def test_what_fails_for_a_time_is_asked_again(answered: Call) -> None:
    answers = iter([503, 429, 500, 204])
    assert answered(lambda _: httpx.Response(next(answers), headers={"Retry-After": "0"}), "search_studies") == []

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(NetworkError, match="could not connect"):
        answered(broken, "search_studies")
    with pytest.raises(DicomWebError):
        answered(lambda _: httpx.Response(503), "search_studies", options={"retries": 2})


@pytest.mark.parametrize(
    "place", ["http://evil/x", "https://peer/x", "http://peer:8080/x", "//evil/x", "file:///etc/passwd", "http://["]
)
def test_redirects_to_another_origin_are_refused(answered: Call, place: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "peer"
        return httpx.Response(302, headers={"Location": place})

    with pytest.raises(DicomWebError):
        answered(answer, "search_studies")
    with pytest.raises(DicomWebError, match="another origin"):
        answered(answer, "retrieve_bulk_data", place)


def test_redirects_within_the_origin_are_followed_some_times(answered: Call) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(204) if request.url.path == "/there" else httpx.Response(307, headers={"Location": "/there"})
        )

    assert answered(answer, "search_studies") == []
    with pytest.raises(DicomWebError):
        answered(lambda _: httpx.Response(302, headers={"Location": "/round"}), "search_studies")


def test_authorization(answered: Call) -> None:
    shown: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers.get("authorization"))
        return httpx.Response(204)

    tokens = iter(["Bearer 1", "Bearer 2"])
    for auth in (None, "secret", ("user", "pass"), lambda: next(tokens)):
        answered(answer, "search_studies", options={"auth": auth})
    assert shown == [None, "Bearer secret", "Basic dXNlcjpwYXNz", "Bearer 1"]


@pytest.mark.parametrize("uid", ["", "..", "../x", "1/2", "1.2\r\nX: y", "%2e", "1" * 65, "１"])
def test_uids_are_checked_before_they_become_urls(answered: Call, uid: str) -> None:
    with pytest.raises(ValueError, match="a UID is"):
        answered(lambda _: httpx.Response(500), "retrieve", uid)
    with pytest.raises(ValueError, match="a UID is"):
        answered(lambda _: httpx.Response(500), "delete", STUDY, uid)


def test_wrong_arguments() -> None:
    for url in ("ftp://x", "x", "http://", "file:///etc"):
        with pytest.raises(ValueError, match="http"):
            BlockingClient(url)
    with BlockingClient(URL) as client:
        with pytest.raises(ValueError, match="keyword"):
            next(client.search_studies(NoKeyword=1))
        with pytest.raises(ValueError, match="a keyword or a short name"):
            client.retrieve(STUDY, transfer_syntax="jpeg-lss")
        with pytest.raises(ValueError, match="image/png"):
            client.rendered(STUDY, SERIES, INSTANCE, media_type="png")
        with pytest.raises(ValueError, match="series"):
            client.retrieve(STUDY, None, INSTANCE)
        with pytest.raises(ValueError, match="from 1"):
            client.retrieve_frames(STUDY, SERIES, INSTANCE, [0])


# -- retrieving --------------------------------------------------------------------------------------------------------


def parts(*files: bytes) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, content=multipart(files), headers={"Content-Type": DICOM})


@pytest.mark.parametrize("uid", ["../../x", "/tmp/x", "..", "C:\\x", "CON", "a/b", "1\n2"])
def test_names_come_from_uids_only(answered: Call, ct: Path, tmp_path: Path, uid: str) -> None:
    ds = filmless.read(ct)
    ds.SOPInstanceUID = uid
    headers = {
        "Content-Type": "application/dicom",
        "Content-Location": "../../y",
        "Content-Disposition": 'x; filename="/tmp/z"',
    }
    data = multipart([(headers, encode(ds))])
    (path,) = answered(
        lambda _: httpx.Response(200, content=data, headers={"Content-Type": DICOM}),
        "retrieve_to",
        tmp_path / "a" / "b",
        STUDY,
    )
    assert path.parent == tmp_path / "a" / "b"
    assert re.fullmatch(r"[0-9a-f]{64}\.dcm", path.name)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_an_answer_of_one_part(answered: Call, ct: Path) -> None:
    headers = {"Content-Type": "application/dicom"}
    assert answered(lambda _: httpx.Response(200, content=ct.read_bytes(), headers=headers), "retrieve", STUDY) == [
        filmless.read(ct)
    ]


@pytest.mark.parametrize("broken", ["html", "no dicom", "ends early", "no boundary", "error page"])
def test_wrong_answers_to_a_retrieve(answered: Call, ct: Path, tmp_path: Path, broken: str) -> None:
    data = multipart([ct.read_bytes()])
    content, kind = {
        "html": (b"<html>", "text/html"),
        "no dicom": (multipart([b"no dicom"]), DICOM),
        "ends early": (data[: len(data) // 2], DICOM),
        "no boundary": (data, "multipart/related"),
        "error page": (b"<html>", DICOM),
    }[broken]
    answer = httpx.Response(200, content=content, headers={"Content-Type": kind})
    for method, args in (("retrieve", (STUDY,)), ("retrieve_to", (tmp_path / "out", STUDY))):
        with pytest.raises(DicomWebError):
            answered(lambda _: answer, method, *args)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_part_that_never_ends(answered: Call, tmp_path: Path) -> None:
    class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
        sent = 0

        def __iter__(self) -> Iterator[bytes]:
            yield multipart([b"\0" * 128 + b"DICM"])[:-30]
            while True:
                self.sent += 1 << 16
                yield b"\0" * (1 << 16)

        async def __aiter__(self) -> Any:
            for piece in self:
                yield piece

    for method, args in (
        ("retrieve", (STUDY,)),
        ("retrieve_to", (tmp_path, STUDY)),
        ("retrieve_frames", (STUDY, SERIES, INSTANCE)),
    ):
        stream = Endless()
        with pytest.raises(LimitError):
            answered(
                lambda _, body=stream: httpx.Response(200, stream=body, headers={"Content-Type": DICOM}),
                method,
                *args,
                options={"max_instance_bytes": 4 << 20},
            )
        assert stream.sent < 8 << 20
    assert list(tmp_path.iterdir()) == []


def test_the_order_of_what_comes_is_kept_and_nothing_is_read_ahead(ct: Path) -> None:
    data, read = multipart([ct.read_bytes()] * 50), []

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 1 << 14):
            read.append(start)
            yield data[start : start + (1 << 14)]

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=pieces(), headers={"Content-Type": DICOM}))
    with BlockingClient(URL, transport=transport) as client:
        found = client.retrieve(STUDY)
        next(found)
        assert len(read) <= 100
        found.close()  # type: ignore[attr-defined]


# -- storing -----------------------------------------------------------------------------------------------------------


def copies(ct: Path, count: int) -> list[bytes]:
    made = []
    for number in range(count):
        ds = filmless.read(ct)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.9.{number}"
        made.append(encode(ds))
    return made


def uids_in(request: httpx.Request) -> list[str]:
    body = request.read() if isinstance(request.stream, httpx.SyncByteStream) else request.content
    found = re.findall(rb"\x02\x00\x03\x00UI..([0-9.]+)", body, re.DOTALL)
    return [uid.decode() for uid in found]


def report_of(stored: list[str], failed: dict[str, int]) -> dict[str, Any]:
    def item(uid: str, **more: Any) -> dict[str, Any]:
        return {"00081155": {"vr": "UI", "Value": [uid]}, **more}

    return {
        "00081199": {"vr": "SQ", "Value": [item(uid) for uid in stored]},
        "00081198": {
            "vr": "SQ",
            "Value": [item(uid, **{"00081197": {"vr": "US", "Value": [reason]}}) for uid, reason in failed.items()],
        },
    }


class Service:
    """A service that answers each request by a script: what fails, for each time an instance comes."""

    def __init__(self, script: dict[str, list[int]]) -> None:
        self.script, self.requests = script, []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        uids = uids_in(request)
        assert int(request.headers["content-length"]) == len(request.content)
        self.requests.append(uids)
        failed = {uid: self.script[uid].pop(0) for uid in uids if self.script.get(uid)}
        body = report_of([uid for uid in uids if uid not in failed], failed)
        headers = {"Content-Type": "application/dicom+json"}
        return httpx.Response(202 if failed else 200, content=json.dumps(body), headers=headers)


def test_only_what_failed_for_a_time_is_sent_again(answered: Call, ct: Path) -> None:
    service = Service({"1.9.1": [0xA700, 0x0110], "1.9.2": [0xC000], "1.9.3": [0xA700] * 9})
    report = answered(service.answer, "store", copies(ct, 4))
    assert service.requests == [["1.9.0", "1.9.1", "1.9.2", "1.9.3"], ["1.9.1", "1.9.3"], ["1.9.1", "1.9.3"], ["1.9.3"]]
    assert [one.instance_uid for one in report.stored] == ["1.9.0", "1.9.1"]
    assert {one.instance_uid: one.failure_reason for one in report.failed} == {"1.9.2": 0xC000, "1.9.3": 0xA700}


def test_requests_that_break_are_made_again(answered: Call, ct: Path) -> None:
    tries: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) == 1:
            raise httpx.ReadError("reset", request=request)
        if len(tries) == 2:
            return httpx.Response(503)
        return Service({}).answer(request)

    report = answered(answer, "store", copies(ct, 2))
    assert len(report.stored) == 2
    assert len(tries) == 3


def test_one_that_is_refused_does_not_take_others_with_it(answered: Call, ct: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "1.9.1" in uids_in(request):
            return httpx.Response(413, json={"error": "too large"})
        return Service({}).answer(request)

    report = answered(answer, "store", copies(ct, 3))
    assert [one.instance_uid for one in report.stored] == ["1.9.0", "1.9.2"]
    assert [one.instance_uid for one in report.failed] == ["1.9.1"]


def test_requests_are_bounded(answered: Call, ct: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filmless.dicomweb.client.storing._REQUEST_BYTES", 100_000)
    service = Service({})
    report = answered(service.answer, "store", (data for data in copies(ct, 6)))
    assert [len(uids) for uids in service.requests] == [2, 2, 2]
    assert len(report.stored) == 6


@pytest.mark.parametrize("content", [b"", b"<html>", b"[", b"{}"])
def test_answers_that_say_nothing_are_failures(answered: Call, ct: Path, content: bytes) -> None:
    headers = {"Content-Type": "application/dicom+json"}
    report = answered(lambda _: httpx.Response(200, content=content, headers=headers), "store", ct)
    assert len(report.failed) == 1
    assert report.stored == []


def test_every_error_is_typed(answered: Call, ct: Path) -> None:
    for status in (301, 400, 401, 404, 409, 500):
        with pytest.raises(DicomError):
            answered(lambda _, code=status: httpx.Response(code), "retrieve", STUDY)
        report = answered(lambda _, code=status: httpx.Response(code), "store", ct)
        assert len(report.failed) == 1


# -- bounds, arguments -------------------------------------------------------------------------------------------------


def test_an_answer_that_drips(answered: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("filmless.dicomweb.client.steps.time.monotonic", lambda: now[0])

    class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __init__(self, count: int) -> None:
            self.count, self.sent = count, 0

        def __iter__(self) -> Iterator[bytes]:
            yield b"["
            while self.sent < 1000:
                now[0] += 30
                self.sent += 1
                yield b" " * self.count
            yield b"]"

        async def __aiter__(self) -> Any:
            for piece in self:
                yield piece

    def search(count: int, **options: Any) -> Dripping:
        stream = Dripping(count)
        headers = {"Content-Type": "application/dicom+json"}
        response = httpx.Response(200, stream=stream, headers=headers)
        assert answered(lambda _: response, "search_studies", options=options) == []
        return stream

    with pytest.raises(NetworkError, match="more slowly than 100 bytes"):
        search(1)
    assert search(1, min_bytes_per_s=0).sent == 1000
    assert search(3000).sent == 1000
    with pytest.raises(NetworkError, match="more slowly"):
        search(3000, min_bytes_per_s=1000)


def test_time_that_is_spent_on_what_came_does_not_count(ct: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("filmless.dicomweb.client.steps.time.monotonic", lambda: now[0])
    data = multipart([ct.read_bytes()] * 60)
    pieces = (data[start : start + (1 << 16)] for start in range(0, len(data), 1 << 16))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=pieces, headers={"Content-Type": DICOM}))
    with BlockingClient(URL, transport=transport) as client:
        count = 0
        for _ in client.retrieve(STUDY):
            now[0] += 3600
            count += 1
    assert count == 60


def test_arguments_are_checked_at_the_call() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    transport = httpx.MockTransport(answer)
    with BlockingClient(URL, transport=transport) as client:
        wrongs: list[dict[str, Any]] = [{"include": "Nothing"}, {"limit": -1}, {"PatientID": None}, {"StudyID": []}]
        for wrong in wrongs:
            with pytest.raises(ValueError, match=r"keyword|below|None|empty"):
                client.search_studies(**wrong)
        with pytest.raises(ValueError, match="did you mean PatientName"):
            client.search_studies(PatinetName=1)
        with pytest.raises(ValueError, match="a UID"):
            client.rendered_all("x")
        with pytest.raises(ValueError, match="nothing to convert"):
            client.convert([])
        with pytest.raises(ValueError, match="keyword"):
            client.convert(b"x", NoKeyword=1)
        by_number: dict[str, Any] = {"0010,0010": "Doe"}
        found = client.search_studies(**by_number, StudyDate=date(2026, 1, 2))
        assert asked == []
        assert list(found) == []
        assert "00100010=Doe&StudyDate=20260102" in str(asked[0].url)


def test_a_closed_client(call: Call) -> None:
    client = BlockingClient(URL)
    begun = client.search_studies()
    client.close()
    for method in (lambda: next(begun), client.search_studies, lambda: client.store(b""), lambda: client.delete(STUDY)):
        with pytest.raises(LocalProtocolError, match="closed"):
            method()

    async def closed() -> None:
        later = Client(URL)
        begun = later.search_studies()
        await later.close()
        with pytest.raises(LocalProtocolError, match="closed"):
            await anext(begun)
        with pytest.raises(LocalProtocolError, match="closed"):
            await later.delete(STUDY)

    asyncio.run(closed())


@pytest.mark.parametrize("end", ["", "/", "/studies", "/studies/", "/wado", "/wado?requestType=WADO", "/instances"])
def test_the_address_of_a_resource_names_its_service(answered: Call, end: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(204)

    transport = httpx.MockTransport(answer)
    with BlockingClient(f"{URL}{end}", transport=transport) as client:
        assert list(client.search_studies()) == []
    assert asked == ["/dicom-web/studies"]
    with pytest.raises(ValueError, match="no query"):
        BlockingClient(f"{URL}?a=b")


# -- pictures, ZIP files, conversion -----------------------------------------------------------------------------------


def test_pictures_of_several(call: Call, served: str, pydicom_files: list[Path], tmp_path: Path) -> None:
    by_name = {path.name: filmless.read(path) for path in pydicom_files if path.name in {"CT_small.dcm", "rtdose.dcm"}}
    ct, dose = by_name["CT_small.dcm"], by_name["rtdose.dcm"]
    second = filmless.read(encode(ct))
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5.6"
    assert call(served, "store", [ct, second, dose]).failed == []
    found = call(served, "rendered_all", ct.StudyInstanceUID, viewport="32,32")
    assert [(type(one), one.media_type, one.data[:2]) for one in found] == [(Rendered, "image/jpeg", b"\xff\xd8")] * 2
    assert {one.url.rpartition("/instances/")[2] for one in found} == {
        f"{ct.SOPInstanceUID}/rendered",
        "1.2.3.4.5.6/rendered",
    }
    (alone,) = call(served, "rendered_all", ct.StudyInstanceUID, ct.SeriesInstanceUID, "1.2.3.4.5.6", viewport="32,32")
    assert alone in found
    place = (dose.StudyInstanceUID, dose.SeriesInstanceUID, dose.SOPInstanceUID)
    frames = call(served, "rendered_all", *place, [2, 3], media_type="image/png")
    assert [one.data for one in frames] == [call(served, "rendered", *place, n, media_type="image/png") for n in (2, 3)]
    with pytest.raises(DicomWebError, match="a picture for each"):
        call(served, "rendered", ct.StudyInstanceUID)

    path = call(served, "retrieve_zip", tmp_path / "out" / "study.zip", ct.StudyInstanceUID)
    with zipfile.ZipFile(path) as file:
        assert sorted(map(file.read, file.namelist())) == sorted(map(encode, (ct, second)))
    with pytest.raises(DicomWebError):
        call(served, "retrieve_zip", tmp_path / "no" / "study.zip", "1.2.3.99")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["study.zip"]
    assert not (tmp_path / "no").exists()


def test_what_is_no_zip_is_not_kept(answered: Call, tmp_path: Path) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"PK\x03\x04 cut", headers={"Content-Type": "application/zip"})

    with pytest.raises(DicomWebError, match="no ZIP"):
        answered(answer, "retrieve_zip", tmp_path / "x.zip", STUDY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["application/json", "application/dicom+json", "multipart/mixed", ""])
def test_a_message_is_no_picture(answered: Call, kind: str) -> None:
    for method in ("rendered", "rendered_all"):
        with pytest.raises(DicomWebError):
            answered(lambda _: httpx.Response(200, content=b"{}", headers={"Content-Type": kind}), method, STUDY)


def test_documents_and_pictures_are_converted(call: Call, served: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(stream, "PNG")
    picture = tmp_path / "wound.png"
    picture.write_bytes(stream.getvalue())
    template = filmless.Dataset({"PatientID": "42", "PatientName": "Doe^Jane"})
    report = call(served, "convert", [picture, stream.getvalue()], template=template, StudyDate=date(2026, 1, 2))
    assert [(one.source, one.error) for one in report.stored] == [("", None)] * 2
    assert report.failed == []
    (study,) = call(served, "search_studies", PatientID="42", include="PatientName")
    assert (str(study.PatientName), study.StudyDate) == ("Doe^Jane", "20260102")

    with pytest.raises(FileNotFoundError):
        call(served, "convert", tmp_path / "none.png")
    report = call(served, "convert", b"no picture", PatientID="42")
    assert [(one.source, bool(one.error)) for one in report.failed] == [("source 1", True)]
    with pytest.raises(DicomWebError) as caught:
        call(served, "convert", picture, StudyDate="yesterday")
    assert caught.value.status == 400

    stream = io.BytesIO()
    Image.new("L", (20, 10)).save(stream, "PDF")
    (made,) = call(served, "convert", stream.getvalue(), PatientID="43").stored
    (one,) = call(served, "search_instances", SOPInstanceUID=made.instance_uid)
    place = (one.StudyInstanceUID, one.SeriesInstanceUID, made.instance_uid)
    assert call(served, "rendered", *place)[:5] == b"%PDF-"
    assert [found.media_type for found in call(served, "rendered_all", *place[:1])] == ["application/pdf"]


@pytest.mark.parametrize(
    ("answer", "unanswered"),
    [
        (httpx.ConnectError("refused"), "away"),
        (httpx.ConnectTimeout("slow"), "away"),
        (httpx.ReadTimeout("slow"), "broken off"),
        (httpx.RemoteProtocolError("closed"), "broken off"),
        (503, "away"),
        (401, "away"),
        (415, None),
        (409, None),
    ],
)
def test_what_says_nothing_of_an_instance_is_told_apart(
    answered: Call, ct: Path, answer: Any, unanswered: str | None
) -> None:
    def answers(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(
            answer, json={}, headers={"Content-Type": "application/dicom+json"} if answer == 409 else {}
        )

    [failed] = answered(answers, "store", [ct], options={"retries": 0}).failed
    assert failed.unanswered == unanswered
