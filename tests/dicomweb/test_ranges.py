"""Conditions and ranges: of one file, and of a multipart whose boundary stays what it is."""

from email.utils import formatdate

import httpx
import pytest

from tests.dicomweb.test_retrieving import ANY, Held, entries, path_of

ALONE = {"accept": "application/dicom; transfer-syntax=*"}


@pytest.fixture(scope="module")
def file(held: Held) -> tuple[str, bytes]:
    entry = next(one for one in entries(held) if held[1][one.instance_uid].name == "CT_small.dcm")
    return path_of(entry), held[1][entry.instance_uid].read_bytes()


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=39000-", 39000, None), ("bytes=-7", -7, None),
     ("bytes=5-99999999", 5, None), ("bytes=-99999999", 0, None)],
)  # fmt: skip
@pytest.mark.parametrize("accept", [ALONE["accept"], ANY])
def test_a_range(http: httpx.Client, file: tuple[str, bytes], asked: str, start: int, end: int, accept: str) -> None:
    whole = http.get(file[0], headers={"accept": accept})
    part = http.get(file[0], headers={"accept": accept, "range": asked})
    assert part.status_code == 206
    assert part.content == whole.content[start:end]
    first = start if start >= 0 else len(whole.content) + start
    expected = f"bytes {first}-{first + len(part.content) - 1}/{len(whole.content)}"
    assert part.headers["content-range"] == expected
    assert part.headers["etag"] == whole.headers["etag"]
    assert part.headers["content-type"] == whole.headers["content-type"]


def test_a_range_over_many_files(held: Held, http: httpx.Client, file: tuple[str, bytes]) -> None:
    study = max(entries(held), key=lambda one: len(held[0].entries(one.study_uid))).study_uid
    whole = http.get(f"/studies/{study}", headers={"accept": ANY}).content
    pieces = []
    step = len(whole) // 7 + 1
    for start in range(0, len(whole), step):
        asked = {"accept": ANY, "range": f"bytes={start}-{start + step - 1}"}
        pieces.append(http.get(f"/studies/{study}", headers=asked).content)
    assert b"".join(pieces) == whole


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,3-4", "bytes=9-3", "lines=1-2", "bytes=", "bytes=a-b", "bytes=-", "bytes=1", "x"]
)
def test_what_is_no_range_gives_all(http: httpx.Client, file: tuple[str, bytes], asked: str) -> None:
    answer = http.get(file[0], headers={**ALONE, "range": asked})
    assert (answer.status_code, answer.content) == (200, file[1])


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=9999999999999999999-"])
def test_outside(http: httpx.Client, file: tuple[str, bytes], asked: str) -> None:
    answer = http.get(file[0], headers={**ALONE, "range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(file[1])}"


def test_if_range(http: httpx.Client, file: tuple[str, bytes]) -> None:
    known = http.get(file[0], headers=ALONE).headers
    for condition, status in ((known["etag"], 206), ('"other"', 200), (known["last-modified"], 206),
                              (formatdate(0, usegmt=True), 200), ("nonsense", 200)):  # fmt: skip
        answer = http.get(file[0], headers={**ALONE, "range": "bytes=1-2", "if-range": condition})
        assert answer.status_code == status, condition


def test_conditions(http: httpx.Client, file: tuple[str, bytes]) -> None:
    known = http.get(file[0], headers=ALONE).headers
    etag, modified = known["etag"], known["last-modified"]
    cases = [
        ({"if-none-match": etag}, 304),
        ({"if-none-match": f'"x", W/{etag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-none-match": '"x"', "if-modified-since": modified}, 200),  # the tag counts
        ({"if-modified-since": modified}, 304),
        ({"if-modified-since": formatdate(0, usegmt=True)}, 200),
        ({"if-modified-since": "nonsense"}, 200),
        ({"if-match": etag}, 200),
        ({"if-match": '"x"'}, 412),
        ({"if-unmodified-since": modified}, 200),
        ({"if-unmodified-since": formatdate(0, usegmt=True)}, 412),
        ({"if-unmodified-since": formatdate(0, usegmt=True), "if-match": etag}, 200),  # the tag counts
    ]
    for headers, status in cases:
        answer = http.get(file[0], headers={**ALONE, **headers})
        assert answer.status_code == status, headers
        assert status != 304 or (answer.content == b"" and answer.headers["etag"] == etag)


def test_what_is_made_has_a_weak_tag(http: httpx.Client, file: tuple[str, bytes]) -> None:
    """Another version of a codec makes other bytes of the same file."""
    rle = {"accept": "application/dicom; transfer-syntax=1.2.840.10008.1.2.5"}
    answer = http.get(file[0], headers=rle)
    assert answer.headers["etag"].startswith("W/")
    assert http.get(file[0], headers={**rle, "if-none-match": answer.headers["etag"]}).status_code == 304
    assert http.get(file[0], headers={**rle, "range": "bytes=0-1"}).status_code == 200


@pytest.mark.parametrize("behind", ["", "/metadata", "/frames/1", "/bulkdata/7FE00010", "/bulkdata"])
def test_head(http: httpx.Client, file: tuple[str, bytes], behind: str) -> None:
    whole, head = http.get(file[0] + behind), http.head(file[0] + behind)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "last-modified", "content-length"):
        assert head.headers.get(name) == whole.headers.get(name)
