"""WADO-URI: one instance, as a file or as a picture."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from filmless.file import read
from tests.dicomweb.test_retrieving import Held, entries

EXPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"


@pytest.fixture(scope="module")
def asks(held: Held, http: httpx.Client) -> Any:
    def ask(name: str, **more: str) -> httpx.Response:
        entry = next(one for one in entries(held) if held[1][one.instance_uid].name == name)
        query = {"requestType": "WADO", "studyUID": entry.study_uid, "seriesUID": entry.series_uid}
        return http.get("/wado", params={**query, "objectUID": entry.instance_uid, **more})

    return ask


def test_a_file(held: Held, asks: Any) -> None:
    answer = asks("CT_small.dcm", contentType="application/dicom")
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
    stored = next(path for path in held[1].values() if path.name == "CT_small.dcm")
    assert answer.content == stored.read_bytes()
    coded = asks("CT_small.dcm", contentType="application/dicom", transferSyntax=RLE)
    assert read(coded.content).file_meta.TransferSyntaxUID == RLE
    assert asks("CT_small.dcm", contentType="application/dicom", transferSyntax="1.2.3").status_code == 406
    as_stored = asks("examples_jpeg2k.dcm", contentType="application/dicom", transferSyntax="*")
    assert (
        as_stored.content == next(path for path in held[1].values() if path.name == "examples_jpeg2k.dcm").read_bytes()
    )


def test_a_picture(asks: Any) -> None:
    answer = asks("CT_small.dcm")
    assert answer.headers["content-type"] == "image/jpeg"
    png = asks("CT_small.dcm", contentType="text/nothing, image/png;q=0.5", rows="64", columns="64", windowCenter="40",
               windowWidth="400")  # fmt: skip
    assert png.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(png.content)).size == (64, 64)
    again = asks("CT_small.dcm")
    assert again.headers["etag"] == answer.headers["etag"] != png.headers["etag"]


def test_a_frame_of_many(asks: Any) -> None:
    assert asks("emri_small.dcm").headers["content-type"].startswith("application/dicom")
    first, last = (asks("emri_small.dcm", frameNumber=number) for number in ("1", "10"))
    assert first.headers["content-type"] == last.headers["content-type"] == "image/jpeg"
    assert first.content != last.content
    assert asks("emri_small.dcm", frameNumber="11").status_code == 404
    assert asks("emri_small.dcm", frameNumber="1,2").status_code == 400


def test_a_report(asks: Any) -> None:
    answer = asks("reportsi.dcm")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert asks("reportsi.dcm", contentType="application/dicom").content[128:132] == b"DICM"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"requestType": "wado"}, 400),
        ({"requestType": ""}, 400),
        ({"studyUID": ""}, 400),
        ({"objectUID": "1.2.3.4"}, 404),
        ({"studyUID": "../../x"}, 404),
        ({"anonymize": "yes"}, 501),
        ({"contentType": "nonsense"}, 400),
        ({"contentType": "image/x-nothing"}, 406),
        ({"frameNumber": "0"}, 400),
        ({"frameNumber": "1", "contentType": "application/dicom"}, 400),
        ({"windowCenter": "40"}, 400),
        ({"rows": "-1"}, 400),
        ({"presentationUID": "1.2"}, 400),
        ({"presentationUID": "1.2", "presentationSeriesUID": "1.3"}, 404),
    ],
)
def test_what_cannot_be(asks: Any, more: dict[str, str], status: int) -> None:
    answer = asks("CT_small.dcm", **more)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_parameters_are_given_once(http: httpx.Client) -> None:
    assert http.get("/wado?requestType=WADO&requestType=WADO&studyUID=1&seriesUID=1&objectUID=1").status_code == 400
