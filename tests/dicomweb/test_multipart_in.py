"""Parts found in a body, however it is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.multipart_in import PartData, PartEnd, PartHeaders, Parts
from filmless.errors import DicomWebError, LimitError

_PART = st.one_of(
    st.binary(max_size=60), st.lists(st.sampled_from([b"\r\n", b"--", b"bound", b"-", b"\r"])).map(b"".join)
)


def found(body: bytes, *, size: int = 1 << 20, boundary: bytes = b"bound") -> list[tuple[dict[str, str], bytes]]:
    parts = Parts(boundary, parts=1000, header_bytes=1000)
    result: list[tuple[dict[str, str], bytes]] = []
    held, headers = bytearray(), {}
    for start in range(0, len(body), size):
        for event in parts.feed(body[start : start + size]):
            if isinstance(event, PartHeaders):
                held, headers = bytearray(), event.headers
            elif isinstance(event, PartData):
                held += event.data
            elif isinstance(event, PartEnd):
                result.append((headers, bytes(held)))
    parts.finish()
    return result


@given(
    st.lists(_PART.filter(lambda part: b"\r\n--bound" not in b"\r\n" + part), max_size=5),
    st.sampled_from([b"", b"\r\n", b"a preamble\r\n", b"--boundary is another\r\n"]),
    st.integers(1, 50),
)
def test_parts_are_the_same_however_the_body_is_cut(parts: list[bytes], preamble: bytes, size: int) -> None:
    body = preamble + b"".join(b"--bound\r\nA: b\r\nC-D:  e \r\n\r\n" + part + b"\r\n" for part in parts) + b"--bound--"
    assert found(body + b"\r\nan epilogue\r\n--bound\r\n", size=size) == [
        ({"a": "b", "c-d": "e"}, part) for part in parts
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"x" * 100_000, b"--bound\r\n\r\nends early", b"--bound\r\n\r\n\r\n--bound", b"--bound\r\nno colon\r\n\r\n"],
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(DicomWebError) as caught:
        found(body)
    assert caught.value.status == 400


def test_long_headers_and_many_parts_are_refused() -> None:
    for header in (
        b"A: " + b"x" * 2000,
        b"A" * 2000 + b": x",
        b"A: b\r\n" * 50,
        b"A: " + b"x" * 600 + b"\r\nB: " + b"x" * 600,
    ):
        for size in (100, 1 << 20):
            with pytest.raises(LimitError, match="headers of a part"):
                found(b"--bound\r\n" + header + b"\r\n\r\n\r\n--bound--", size=size)
    with pytest.raises(LimitError, match="1000 parts"):
        found(b"--bound\r\n\r\n\r\n" * 1001)


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/related; boundary=abc", b"abc"),
        ('multipart/related; type="application/dicom"; boundary="a b;c"', b"a b;c"),
        ("Multipart/Related;Boundary=abc", b"abc"),
    ],
)
def test_boundaries_are_read_with_and_without_quotes(header: str, boundary: bytes) -> None:
    assert MediaType.of(header).boundary == boundary


@pytest.mark.parametrize("boundary", ["", '""', "x" * 1000, '"a\r\nb"', '"é"', '"a "'])
def test_wrong_boundaries_are_refused(boundary: str) -> None:
    with pytest.raises(DicomWebError):
        _ = MediaType.of(f"multipart/related; boundary={boundary}").boundary
