"""What the viewer's own routes are asked for that no page asks for: each is refused in words, and nobody is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pydicom.data
import pytest

from filmless import read
from filmless.convert import to_dicom
from filmless.file import encode

from .conftest import SECRETS, Target, Watch, instance, stow

FILES = Path(pydicom.data.__file__).parent / "test_files"
HOSTILE = [
    "", " ", "0", "-1", "1e309", "NaN", "Infinity", "-0", "1.5", "0x10", "1_000", "%D9%A3", "%00", "%ED%A0%80", "%FF",
    "..", "%2e%2e%2f%2e%2e%2fetc", "%27%20OR%201%3D1", "%3Cscript%3E", "*", "%3F", "%5C", "[1]", "{}", "null", "true",
    "9" * 30, "9" * 5000, "x" * 5000, quote("🙂" * 500), "1.2.66", "1.2.66.1.1", "1.2.99", "99999999999999999999",
]  # fmt: skip
OBJECTS: list[Any] = [
    None, True, 0, -1, 1e308, 10**400, float("nan"), float("inf"), "", "x" * 5000, "\0", "\ud800", "1.2.66",
    "1.2.66.1.1", [], {}, [[]], [{}], {"": ""}, [None], [1] * 1000, {"measurements": []},
]  # fmt: skip
A = "/viewer/studies/1.2.65"
IMAGE = f"{A}/series/1.2.65.1/instances/1.2.65.1.1"


def kept(patient: str, number: int, ds: Any) -> bytes:
    """Another object of a patient's study."""
    ds.PatientID, ds.PatientName = f"{SECRETS[1]}-{patient}", f"{SECRETS[0]}^{patient}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.{ord(patient)}", f"1.2.{ord(patient)}.{number}"
    ds.SOPInstanceUID = f"1.2.{ord(patient)}.{number}.1"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return encode(ds)


@pytest.fixture(scope="module")
def target(begin: Callable[..., Target], ct: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server with an image, a waveform, a document, a report and a segmentation of patient A, an image of B."""
    from filmless.objects import Segment, segmentation

    found = begin()
    note = tmp_path_factory.mktemp("note") / "note.stl"
    note.write_bytes(bytes(80) + (1).to_bytes(4, "little") + bytes(50))
    image = read(instance(ct, 1, "A"))
    import numpy as np

    mask = np.ones((1, image.Rows, image.Columns, 1), dtype=bool)
    files = [
        *(instance(ct, 1, patient) for patient in "AB"),
        kept("A", 2, read(FILES / "waveform_ecg.dcm")),
        kept("A", 3, to_dicom(note)),
        kept("A", 4, read(FILES / "reportsi.dcm")),
        kept("A", 5, segmentation(mask, source=image, segments=[Segment("all")])),
    ]
    assert stow(found.client, *files).status_code == 200
    yield found
    told = found.told()
    assert not [secret for secret in SECRETS if secret in told]


def refused(answer: httpx.Response, *, asked: object) -> None:
    """Check that an answer is one: no failure of the server, and where it is a refusal nothing of a patient in it."""
    assert answer.status_code < 500, (asked, answer.status_code, answer.text[:200])
    if answer.status_code >= 400:
        assert not [secret for secret in SECRETS if secret in answer.text], asked
        assert set(answer.json()) <= {"error", "hint"}, asked


PATHS = [
    "/viewer/studies/{}", "/viewer/studies/{}/derived", "/viewer/studies/{}/others", "/viewer/studies/{}/measurements",
    A + "/series/{}", A + "/series/{}/film", A + "/series/1.2.65.1/instances/{}/header",
    A + "/series/1.2.65.1/instances/{}/layer", A + "/series/{}/instances/1.2.65.1.1/report",
    IMAGE + "/frames/{}/samples", IMAGE + "/frames/{}/graphics",
    A + "/series/1.2.65.2/instances/1.2.65.2.1/waveforms/{}",
    A + "/series/1.2.65.3/instances/1.2.65.3.1/document/pages/{}", "/view/{}", "/view/1.2.65/{}", "/assets/{}",
]  # fmt: skip
QUERIES = [
    *(f"/viewer/studies?{name}={{}}" for name in ("text", "patient", "id", "from", "to", "modality", "sort", "order")),
    *(f"/viewer/studies?{name}={{}}" for name in ("description", "accession", "offset", "limit", "unknown")),
    "/viewer/study-counts?text={}", "/viewer/study-counts?from={}",
    "/viewer/fileset?study={}", "/viewer/fileset?study=1.2.65&series={}", "/viewer/send?study=1.2.65&peer={}",
    A + "/series/1.2.65.1/film?fps={}", A + "/series/1.2.65.1/film?viewport={}", A + "/series/1.2.65.1/film?window={}",
    A + "/series/1.2.65.2/instances/1.2.65.2.1/waveforms/1?first={}",
    A + "/series/1.2.65.2/instances/1.2.65.2.1/waveforms/1?count={}",
    A + "/series/1.2.65.3/instances/1.2.65.3.1/document/pages/1?width={}",
    *(
        A + f"/series/1.2.65.5/instances/1.2.65.5.1/layer?series=1.2.65.1&image=1.2.65.1.1&frame=1&{name}={{}}"
        for name in ("series", "image", "frame")
    ),
    A + "/series/1.2.65.5/instances/1.2.65.5.1/layer?series=1.2.66.1&image={}&frame=1",
]  # fmt: skip


@pytest.mark.parametrize("template", [*PATHS, *QUERIES], ids=lambda template: template.replace("1.2.65", "A"))
def test_addresses_that_no_page_has(target: Target, template: str) -> None:
    watch = Watch(target)
    for value in HOSTILE:
        target_url = template.replace("{}", value)
        refused(target.client.get(target_url), asked=target_url[:200])
    watch.check(sum(map(len, HOSTILE)))


@pytest.mark.parametrize(
    "name", ["If-None-Match", "If-Match", "If-Modified-Since", "Range", "Accept", "Accept-Encoding"]
)
def test_headers_that_no_browser_sends(target: Target, name: str) -> None:
    paths = (
        A, f"{A}/series/1.2.65.1", f"{IMAGE}/header", f"{IMAGE}/frames/1/samples", f"{IMAGE}/frames/1/graphics",
        f"{A}/series/1.2.65.2/instances/1.2.65.2.1/waveforms/1",
        f"{A}/series/1.2.65.3/instances/1.2.65.3.1/document/file",
        f"{A}/series/1.2.65.4/instances/1.2.65.4.1/report",
    )  # fmt: skip
    for path in paths:
        for value in (
            '"',
            "W/",
            "*" * 3000,
            "bytes=-0",
            "bytes=9-1",
            "bytes=" + "9" * 30 + "-",
            "gzip;q=x",
            "a/b;q=9, */*;q=-1",
        ):
            refused(target.client.get(path, headers={name: value}), asked=(path, name, value[:50]))


@pytest.mark.parametrize("path", ["/viewer/studies", "/viewer/study-counts", "/viewer/import"])
def test_values_that_are_none(target: Target, path: str) -> None:
    watch = Watch(target)
    method = "POST" if path.endswith("import") else "GET"
    said = [quote(json.dumps(value)) for value in OBJECTS]
    said += [
        quote(json.dumps({name: value}))
        for name in ("text", "name", "from", "sort", "PatientName")
        for value in OBJECTS
    ]
    said += ["{", "%", "%FF", quote("[" * 10_000), quote('{"a":' * 5000), "\xff", quote('{"text": "a", "text": 1}')]
    said += [quote(json.dumps({"StudyInstanceUID": uid, "name": "a.png"})) for uid in ("1.2.66", "../x", "", "1" * 65)]
    for value in said:
        if len(value) > 60_000:
            continue
        answer = target.client.request(
            method,
            path,
            headers={"Filmless-Values": value.encode("latin-1")},
            content=b"x" if method == "POST" else None,
        )
        refused(answer, asked=(path, value[:100]))
    watch.check(sum(map(len, said)))


GOOD: dict[str, Any] = {
    "kind": "length",
    "points": [[10, 10], [20, 20]],
    "image": {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "sop_instance_uid": "1.2.65.1.1", "frames": []},
    "values": [{"name": "length", "number": 1.0, "unit": "mm"}],
    "label": "Aorta",
}


def bodies() -> Iterator[Any]:
    """Measurements, each wrong in one place."""
    yield from OBJECTS
    for name in ("measurements", "title", "replaces", "sources", "windows"):
        for value in OBJECTS:
            yield {"measurements": [GOOD], name: value}
    for name in (*GOOD, "label", "id", "unknown"):
        for value in OBJECTS:
            yield {"measurements": [{**GOOD, name: value}]}
    for name in ("image", "values"):
        held = GOOD[name] if name == "image" else GOOD[name][0]
        for key in held:
            for value in OBJECTS:
                changed = {**held, key: value}
                yield {"measurements": [{**GOOD, name: changed if name == "image" else [changed]}]}
    for kind in ("angle", "ellipse", "rectangle", "freehand", "probe", "arrow", "bidirectional"):
        for points in ([], [[0, 0]] * 3, [[1e308, -1e308]] * 4, [[0, 0, 0]] * 2, [[float("nan"), 0]] * 2, [["1", 2]]):
            yield {"measurements": [{**GOOD, "kind": kind, "points": points}]}
    for values in OBJECTS:
        yield {"measurements": [GOOD], "windows": {"1.2.65.1.1": values}}
    yield {"measurements": [GOOD] * 10_001}


def test_measurements_that_are_none(target: Target) -> None:
    kind, saved = {"Content-Type": "application/json"}, 0
    assert target.client.post(f"{A}/measurements", json={"measurements": [GOOD]}).status_code == 201
    before = target.client.get("/viewer/studies/1.2.66").json()
    for body in bodies():
        data = json.dumps(body).encode()
        answer = target.client.post(f"{A}/measurements", content=data, headers=kind)
        refused(answer, asked=data[:300])
        if answer.status_code == 201:
            saved += 1
    for data in (b"", b"\xff", b"{", b"[" * 100_000, b'{"a":' * 10_000, b"1" * 5000, b"\0", b'"\\ud800"'):
        refused(target.client.post(f"{A}/measurements", content=data, headers=kind), asked=data[:50])
    assert 0 < saved < len(list(bodies())) / 2, "most is refused"
    assert target.client.get("/viewer/studies/1.2.66").json() == before
    elsewhere = {**GOOD, "image": {**GOOD["image"], "sop_instance_uid": "1.2.66.1.1"}}
    answer = target.client.post(f"{A}/measurements", json={"measurements": [elsewhere]})
    assert (answer.status_code, "not in the study" in answer.json()["error"]) == (400, True)
    refused(target.client.get(f"{A}/measurements"), asked="what was saved")
    refused(target.client.post("/viewer/studies/1.2.99/measurements", json={"measurements": [GOOD]}), asked="1.2.99")


@pytest.mark.parametrize("path", ["/viewer/import", f"{A}/measurements", "/viewer/send?study=1.2.65&peer=x"])
def test_methods_and_kinds_of_bodies(target: Target, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
        for headers in ({}, {"Content-Type": "text/html"}, {"Content-Encoding": "x"}, {"Content-Encoding": "gzip"}):
            answer = target.client.request(method, path, headers=headers, content=b"x")
            assert answer.status_code < 500, (method, path, headers)
            assert not [secret for secret in SECRETS if secret in answer.text] or answer.status_code == 200


WAVEFORMS: dict[str, Any] = {
    "frequency": {"SamplingFrequency": "1e999"},
    "nan": {"SamplingFrequency": "nan"},
    "negative": {"SamplingFrequency": -1},
    "samples": {"NumberOfWaveformSamples": 0xFFFF_FFFF},
    "channels": {"NumberOfWaveformChannels": 0xFFFF},
    "both": {"NumberOfWaveformSamples": 0xFFFF_FFFF, "NumberOfWaveformChannels": 0xFFFF},
    "none": {"NumberOfWaveformSamples": 0},
    "no channels": {"NumberOfWaveformChannels": 0},
    "definitions": {"ChannelDefinitionSequence": []},
    "data": {"WaveformData": b""},
    "bits": {"WaveformBitsAllocated": 64},
    "interpretation": {"WaveformSampleInterpretation": "XX"},
    "label": {"MultiplexGroupLabel": "\ufffe\u202e" * 16},
}


@pytest.mark.parametrize("name", WAVEFORMS)
def test_waveforms_that_lie(target: Target, name: str) -> None:
    ds = read(FILES / "waveform_ecg.dcm")
    for keyword, value in WAVEFORMS[name].items():
        element = ds.WaveformSequence[0]
        if isinstance(value, str) and keyword == "SamplingFrequency":
            element.add_new("SamplingFrequency", "DS", value)
        else:
            setattr(element, keyword, value)
    annotation = ds.WaveformAnnotationSequence[0]
    annotation.add_new("NumericValue", "DS", "1e400")
    number = 100 + list(WAVEFORMS).index(name)
    assert stow(target.client, kept("A", number, ds)).status_code == 200
    watch = Watch(target)
    url = f"{A}/series/1.2.65.{number}/instances/1.2.65.{number}.1/waveforms"
    for path in (url, f"{url}/1", f"{url}/1?count=1", f"{url}/1?first=4294967295&count=1", f"{url}/2"):
        answer = target.client.get(path)
        refused(answer, asked=(name, path))
    watch.check(0)
