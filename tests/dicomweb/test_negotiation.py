"""Which representation is chosen."""

import pytest
from starlette.requests import Request

from filmless.dicomweb.origin.negotiation import Offer, accepted, choose, media_ranges
from filmless.errors import DicomWebError

EXPLICIT, LOSSLESS, NEAR = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
JSON, XML = Offer("application/dicom+json"), Offer("application/dicom+xml", is_multipart=True)
PART_10 = [
    Offer("application/dicom", True, EXPLICIT),
    Offer("application/dicom", False, EXPLICIT),
    Offer("application/dicom", True, LOSSLESS, is_default=False, is_stored=True),
    Offer("application/dicom", False, LOSSLESS, is_default=False, is_stored=True),
    Offer("application/zip"),
]
FRAMES = [
    Offer("application/octet-stream", True, EXPLICIT),
    Offer("image/jls", True, LOSSLESS, is_stored=True),
    Offer("image/jls", False, LOSSLESS, is_stored=True),
    Offer("application/octet-stream", True, LOSSLESS, is_default=False, is_stored=True),
    Offer("image/jls", True, NEAR, is_default=False),
]


def asks(*accept: str, query: str = "") -> Request:
    headers = [(b"accept", value.encode("latin-1")) for value in accept]
    return Request({"type": "http", "headers": headers, "query_string": query.encode(), "path": "/"})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ((), PART_10[0]),
        (("*/*",), PART_10[0]),
        (("multipart/related",), PART_10[0]),
        (('multipart/related; type="application/dicom"',), PART_10[0]),
        (("multipart/related;type=application/dicom",), PART_10[0]),
        (('Multipart/Related; TYPE="Application/DICOM"; transfer-syntax=*',), PART_10[2]),
        (("multipart/related; transfer-syntax=*",), PART_10[2]),
        ((f'multipart/related; type="application/dicom"; transfer-syntax="{LOSSLESS}"',), PART_10[2]),
        (("application/dicom",), PART_10[1]),
        (("application/dicom; transfer-syntax=*",), PART_10[3]),
        (("application/*",), PART_10[1]),
        (("application/zip, application/dicom;q=0.9",), PART_10[4]),
        (("application/dicom;q=0.9", "application/zip"), PART_10[4]),  # a repeated header
        (("text/html, application/zip;q=0.5, */*;q=0.1",), PART_10[4]),
        (
            (f"application/dicom; transfer-syntax={EXPLICIT}", f"application/dicom; transfer-syntax={LOSSLESS}"),
            PART_10[3],
        ),
        # What is said of single parts does not concern parts of many.
        (("application/dicom;q=0, */*",), PART_10[0]),
        ((",, ;;, nonsense, application/zip;q=2, application/zip ,",), PART_10[4]),
    ],
)
def test_part_10(accept: tuple[str, ...], expected: Offer) -> None:
    assert choose(asks(*accept), PART_10) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", FRAMES[0]),
        ('multipart/related; type="application/octet-stream"', FRAMES[0]),
        ('multipart/related; type="application/octet-stream"; transfer-syntax=*', FRAMES[3]),
        ('multipart/related; type="image/jls"', FRAMES[1]),
        ("image/jls", FRAMES[2]),
        (f'multipart/related; type="image/jls"; transfer-syntax={NEAR}', FRAMES[4]),
        # Nothing is preferred: what needs no decoding.
        ('multipart/related; type="application/octet-stream", multipart/related; type="image/jls"', FRAMES[1]),
        ('multipart/related; type="image/jls";q=0.5, multipart/related; type="application/octet-stream"', FRAMES[0]),
        ('multipart/related; type="image/*"; transfer-syntax=*', FRAMES[1]),
        ("application/octet-stream", FRAMES[0]),  # there is no single part of it: parts are meant
    ],
)
def test_frames(accept: str, expected: Offer) -> None:
    assert choose(asks(accept), FRAMES) == expected


@pytest.mark.parametrize(
    "accept", ["application/json", "application/dicom+json; charset=utf-8", "*/*", "application/*"]
)
def test_json(accept: str) -> None:
    assert choose(asks(accept), [JSON, XML]) == JSON


def test_xml() -> None:
    assert choose(asks('multipart/related; type="application/dicom+xml"; transfer-syntax=*'), [JSON, XML]) == XML
    assert (
        choose(asks('application/dicom+json;q=0.1,multipart/related;type="application/dicom+xml"'), [JSON, XML]) == XML
    )


def test_query_takes_the_place_of_the_header() -> None:
    assert choose(asks("text/html", query="accept=application/dicom%2Bjson"), [XML, JSON]) == JSON
    assert choose(asks("text/html", query="accept=application/dicom+json"), [XML, JSON]) == JSON
    assert choose(asks(query="accept=image/gif,application/zip"), PART_10) == PART_10[4]


def test_none_can_be_had() -> None:
    with pytest.raises(DicomWebError) as caught:
        choose(asks("image/png, application/dicom; transfer-syntax=1.2.3"), PART_10)
    assert caught.value.status == 406
    assert caught.value.hint
    assert f"transfer-syntax={LOSSLESS}" in caught.value.hint


@pytest.mark.parametrize("text", ["nonsense", '"', "a/b;q=7", "multipart/related; type=x", "/", "a/b c/d", "x" * 99999])
def test_unreadable(text: str) -> None:
    with pytest.raises(DicomWebError) as caught:
        accepted(asks(text))
    assert caught.value.status == 400


def test_quotation_marks_hide_separators() -> None:
    ranges = list(media_ranges(r'a/b; x="1,2;\",3"; q=0.25, c/d; transfer-syntax="1.2"'))
    assert [(one.media_type, one.weight, one.transfer_syntax) for one in ranges] == [
        ("a/b", 0.25, ""),
        ("c/d", 1, "1.2"),
    ]
