"""Instances come out as they went in, or in the transfer syntax that is asked for."""

import http.client
import io
import json
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from dicomweb_client import DICOMwebClient

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.dicomweb import application
from filmless.file import read
from filmless.pixels import decode, transcode
from filmless.pixels.targets import targets
from filmless.security import Principal
from tests.dicomweb.conftest import serving
from tests.dicomweb.multipart import parts_of

Held = tuple[Archive, dict[str, Path]]
ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'
EXPLICIT, J2K, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"


def entries(held: Held) -> list[Entry]:
    archive, files = held
    return [entry for uid in files if (entry := archive.index.find(uid)) is not None]


def path_of(entry: Entry, level: int = 3) -> str:
    steps = (f"/studies/{entry.study_uid}", f"/series/{entry.series_uid}", f"/instances/{entry.instance_uid}")
    return "".join(steps[:level])


def test_bytes_are_those_that_were_stored(held: Held, http: httpx.Client) -> None:
    _, files = held
    for entry in entries(held):
        stored = files[entry.instance_uid].read_bytes()
        alone = http.get(path_of(entry), headers={"accept": "application/dicom; transfer-syntax=*"})
        assert alone.headers["content-type"] == f"application/dicom; transfer-syntax={entry.transfer_syntax_uid}"
        assert (alone.status_code, alone.content == stored) == (200, True), files[entry.instance_uid]
        ((head, body),) = parts_of(http.get(path_of(entry), headers={"accept": ANY}))
        assert body == stored
        assert head["content-type"] == alone.headers["content-type"]
        assert head["content-length"] == str(len(stored))


@pytest.mark.parametrize("level", [1, 2])
def test_studies_and_series_are_complete(held: Held, http: httpx.Client, level: int) -> None:
    archive, files = held
    for path in {path_of(entry, level): None for entry in entries(held)}:
        answer = http.get(path, headers={"accept": ANY})
        assert int(answer.headers["content-length"]) == len(answer.content)
        expected = [files[one.instance_uid].read_bytes() for one in archive.entries(*path.split("/")[2::2])]
        assert [body for _, body in parts_of(answer)] == expected


def test_without_a_transfer_syntax_it_is_explicit(held: Held, http: httpx.Client) -> None:
    """PS3.18 8.7.3.5.2: no parameter means Explicit VR Little Endian."""
    seen = set()
    for entry in entries(held):
        if entry.transfer_syntax_uid in seen or "embedded-sequence" in str(held[1][entry.instance_uid]):
            continue
        seen.add(entry.transfer_syntax_uid)
        answer = http.get(path_of(entry))
        assert answer.status_code == 200, answer.text
        ((head, body),) = parts_of(answer)
        ds = held[0].dataset(entry)
        row = _core.transfer_syntax(entry.transfer_syntax_uid)
        if row is None or row["codec"] in {"video", "unsupported"}:
            assert body == held[1][entry.instance_uid].read_bytes()
            continue
        assert head["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
        got = read(body)
        assert got.file_meta.TransferSyntaxUID == EXPLICIT
        expected = transcode(ds, EXPLICIT, new_instance=False)
        assert got.to_json() == expected.to_json()
    assert len(seen) > 5


@pytest.mark.parametrize("uid", [row["uid"] for row in targets()])
def test_each_transfer_syntax_that_is_written_can_be_asked_for(held: Held, http: httpx.Client, uid: str) -> None:
    entry = next(one for one in entries(held) if held[1][one.instance_uid].name == "examples_rgb_color.dcm")
    answer = http.get(path_of(entry), headers={"accept": f"application/dicom; transfer-syntax={uid}"})
    if answer.status_code == 406:  # JPEG of colour in 16 bits, and the like
        assert answer.json()["error"].startswith("the instance cannot be had in this transfer syntax")
        return
    got = read(answer.content)
    assert got.file_meta.TransferSyntaxUID == uid
    assert got.SOPInstanceUID == entry.instance_uid
    row = _core.transfer_syntax(uid)
    if row and row["lossless"]:
        assert (decode(got) == decode(held[0].dataset(entry))).all()


def test_of_many_none_is_missing(http_of_mixed: tuple[httpx.Client, list[bytes]]) -> None:
    """A report has no pixels to compress, and a damaged image none that decode: they go out as stored."""
    http, stored = http_of_mixed
    answer = http.get(
        "/studies/1.2.3", headers={"accept": f'multipart/related; type="application/dicom"; transfer-syntax={RLE}'}
    )
    assert answer.headers["warning"].startswith("299 ")
    syntaxes = [head["content-type"].partition("transfer-syntax=")[2] for head, _ in parts_of(answer)]
    assert syntaxes == [RLE, EXPLICIT, J2K]
    assert [body for _, body in parts_of(answer)][1:] == stored[1:]
    or_zip = {"accept": f"application/dicom; transfer-syntax={RLE}, application/zip; q=0.5"}
    assert http.get("/studies/1.2.3", headers=or_zip).headers["warning"].startswith("299 ")
    alone = http.get("/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.3", headers={"accept": "application/dicom"})
    assert alone.status_code == 406
    assert "transfer-syntax=*" in alone.json()["hint"]


def test_zip(held: Held, http: httpx.Client) -> None:
    entry = entries(held)[0]
    answer = http.get(path_of(entry, 1), headers={"accept": "application/zip"})
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        inside = {Path(name).stem: file.read(name) for name in file.namelist()}
    expected = {one.instance_uid: held[1][one.instance_uid].read_bytes() for one in held[0].entries(entry.study_uid)}
    assert inside == expected


@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, which reads odd files too
def test_dicomweb_client_gets_what_was_stored(held: Held, url: str) -> None:
    client = DICOMwebClient(url)
    for entry in entries(held)[::3]:
        uids = (entry.study_uid, entry.series_uid, entry.instance_uid)
        got = client.retrieve_instance(*uids, media_types=(("application/dicom", "*"),))
        expected = pydicom.dcmread(held[1][entry.instance_uid])
        assert got.SOPInstanceUID == entry.instance_uid
        assert len(got) == len(expected)
    study = entries(held)[0].study_uid
    assert len(client.retrieve_study(study)) == len(held[0].entries(study))
    assert len(list(client.iter_study(study))) == len(held[0].entries(study))


@pytest.mark.parametrize("path", ["/studies/1.9", "/studies/1.9/series/1", "/studies/1.9/series/1/instances/1"])
@pytest.mark.parametrize("behind", ["", "/metadata", "/bulkdata"])
def test_what_is_not_there(http: httpx.Client, path: str, behind: str) -> None:
    answer = http.get(path + behind)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("there is no such")


def test_what_cannot_be_had(held: Held, http: httpx.Client) -> None:
    path = path_of(entries(held)[0])
    answer = http.get(path, headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert "application/dicom" in answer.json()["hint"]
    assert http.get(path, headers={"accept": "nonsense"}).status_code == 400
    assert http.get(f"{path}?accept=application/dicom", headers={"accept": "text/html"}).status_code == 200


STEPS = ["..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "1.2%00", "'%20OR%201=1--", "%25", "_", "CON",
         "C:%5Cx", "%c0%ae%c0%ae%2f", "$(id)", "%D9%A5", "%ff", "9" * 60_000]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=[step[:12] for step in STEPS])
def test_hostile_paths(held: Held, url: str, step: str) -> None:
    """Sent as they are: a client that knows HTTP would tidy them up first."""
    entry = entries(held)[0]
    uids = (entry.study_uid, entry.series_uid, entry.instance_uid)
    paths = [f"/wado?requestType=WADO&studyUID={step[:9000]}&seriesUID={step[:9000]}&objectUID={step[:9000]}"]
    for place in range(3):
        study, series, instance = (step if at == place else uid for at, uid in enumerate(uids))
        base = f"/studies/{study}/series/{series}/instances/{instance}"
        paths += [base + behind for behind in ("", "/metadata", "/frames/1", "/bulkdata", "/bulkdata/7FE00010")]
    behind = (f"/frames/{step}", f"/bulkdata/{step}", f"/bulkdata/7FE00010/{step}", f"/{step}")
    paths += [path_of(entry) + end for end in behind]
    for path in paths:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        with closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert 400 <= answer.status < 500, path
            assert answer.status == 431 or "error" in json.loads(answer.read()) or len(step) > 1000
    with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("GET", path_of(entry))
        assert connection.getresponse().status == 200


@pytest.mark.parametrize("host", ["[", "[::1", 'x"y', "<script>", "a b", "\xff"])
def test_hostile_hosts(held: Held, url: str, host: str) -> None:
    """What URLs in an answer begin with is what the client says, and may be no more than that."""
    path = f"{path_of(entries(held)[0])}/metadata"
    for accept in ("application/dicom+json", 'multipart/related; type="application/dicom+xml"'):
        with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
            connection.putrequest("GET", path, skip_host=True)
            connection.putheader("Host", host.encode("latin-1"))
            connection.putheader("Accept", accept)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status in {200, 400}
        assert b"<script>" not in body
        if answer.status == 200 and accept.endswith("+json"):
            json.loads(body)


def test_what_is_out_of_sight_is_not_there(held: Held) -> None:
    """Who may see another study only, and who may only write: by every route."""
    entry, other = entries(held)[0], entries(held)[-1]
    assert entry.study_uid != other.study_uid
    behind = ("", "/metadata", "/frames/1", "/bulkdata", "/bulkdata/7FE00010")
    paths = [path_of(entry) + end for end in behind]
    paths += [path_of(entry, 1), path_of(entry, 2), f"{path_of(entry, 1)}/metadata"]
    uids = f"studyUID={entry.study_uid}&seriesUID={entry.series_uid}&objectUID={entry.instance_uid}"
    paths.append(f"/wado?requestType=WADO&{uids}")
    app = application(held[0])
    for principal, status in (
        (Principal("narrow", frozenset({"read"}), studies=frozenset({other.study_uid})), 404),
        (Principal("writer", frozenset({"write"})), 403),
    ):

        async def gate(scope: Any, receive: Any, send: Any, who: Principal = principal) -> None:
            await app({**scope, "filmless.principal": who}, receive, send)

        with serving(gate) as url, httpx.Client(base_url=url) as http:
            for path in paths:
                answer = http.get(path)
                assert answer.status_code == status, path
                assert answer.json()["error"]
            if status == 404:
                assert http.get(path_of(other)).status_code == 200
