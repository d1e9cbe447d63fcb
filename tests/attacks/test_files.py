"""Files that are meant to harm, stored and then asked for in every way there is.

`attacks.md` "Path", "Lengths that lie", "Depth", "Sizes that wrap", "Bombs" (data sets) and "File content".
"""

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import SECRETS, Target, Watch, is_told_well, stow

IMPLICIT, EXPLICIT, BIG, DEFLATED = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)
RLE, JPEG, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"
LONG = {"OB", "OW", "SQ", "UN", "UT", "OF", "UC", "UR"}


def element(tag: int, vr: str, value: bytes | str | int, *, length: int | None = None, syntax: str = EXPLICIT) -> bytes:
    if isinstance(value, int):
        value = struct.pack("<H", value)
    if isinstance(value, str):
        value = value.encode("latin-1")
        value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    order = ">" if syntax == BIG else "<"
    size = len(value) if length is None else length
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT:
        return head + struct.pack("<I", size) + value
    if vr in LONG:
        return head + vr.encode() + struct.pack(f"{order}HI", 0, size) + value
    return head + vr.encode() + struct.pack(f"{order}H", size) + value


UIDS = {0x0008_0016: "1.2.840.10008.5.1.4.1.1.7", 0x0008_0018: "1.9.1", 0x0020_000D: "1.9", 0x0020_000E: "1.9.2"}
NAMES = {0x0010_0010: ("PN", f"{SECRETS[0]}^X"), 0x0010_0020: ("LO", f"{SECRETS[1]}-X")}
PIXELS = {
    0x0028_0002: ("US", 1), 0x0028_0004: ("CS", "MONOCHROME2"), 0x0028_0010: ("US", 4), 0x0028_0011: ("US", 4),
    0x0028_0100: ("US", 8), 0x0028_0101: ("US", 8), 0x0028_0102: ("US", 7), 0x0028_0103: ("US", 0),
    0x7FE0_0010: ("OB", bytes(16)),
}  # fmt: skip


def made(*more: bytes, syntax: str = EXPLICIT, values: dict[int, Any] | None = None, meta: bytes = b"") -> bytes:
    """A file of the UIDs, a patient, and elements as they are given, put in the order of their tags."""
    found = {tag: ("UI", uid) for tag, uid in UIDS.items()} | NAMES | (values or {})
    own = [(tag, element(tag, *value, syntax=syntax)) for tag, value in found.items() if value is not None]
    given = [(struct.unpack(">HH" if syntax == BIG else "<HH", one[:4]), one) for one in more]
    rows = own + [((first << 16) | second, one) for (first, second), one in given]
    data = b"".join(one for _, one in sorted(rows, key=lambda row: row[0]))
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(data) + packer.flush()
    return headed(data, syntax=syntax, meta=meta)


def headed(data: bytes, *, syntax: str = EXPLICIT, meta: bytes = b"") -> bytes:
    head = element(0x0002_0001, "OB", b"\0\1") + element(0x0002_0002, "UI", UIDS[0x0008_0016])
    head += element(0x0002_0003, "UI", UIDS[0x0008_0018]) + element(0x0002_0010, "UI", syntax) + meta
    length = element(0x0002_0000, "UL", struct.pack("<I", len(head)))
    return bytes(128) + b"DICM" + length + head + data


def image(syntax: str = EXPLICIT, **values: Any) -> bytes:
    """An image of 16 bytes, whose description says else."""
    tags = {
        "rows": 0x0028_0010, "columns": 0x0028_0011, "frames": 0x0028_0008, "samples": 0x0028_0002, "bits": 0x0028_0100,
        "stored": 0x0028_0101, "high": 0x0028_0102, "photometric": 0x0028_0004, "pixels": 0x7FE0_0010,
        "palette": 0x0028_1101, "red": 0x0028_1201, "overlay": 0x6000_0010, "signed": 0x0028_0103,
    }  # fmt: skip
    given = {}
    for name, value in values.items():
        vr = PIXELS.get(tags[name], ("IS" if name == "frames" else "US", 0))[0]
        given[tags[name]] = value if isinstance(value, tuple) or value is None else (vr, value)
    return made(values=PIXELS | given, syntax=syntax)


def fragments(*parts: bytes, table: bytes = b"", end: bytes = b"\xfe\xff\xdd\xe0\0\0\0\0") -> tuple[str, bytes]:
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(part)) + part for part in (table, *parts))
    return "OB", items + end


def encapsulated(pixels: tuple[str, bytes], syntax: str = RLE, **values: Any) -> bytes:
    vr, value = pixels
    whole = image(syntax, pixels=None, **values)
    return whole + element(0x7FE0_0010, vr, value, length=0xFFFFFFFF)


NEST = b"\x09\0\x10\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
NEST_IMPLICIT = b"\x09\0\x10\x10\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
NEST_UN = b"\x09\0\x10\x10UN\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
UNNEST = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
DEEP = 100_000
SIZ = b"\xff\x4f\xff\x51"


def j2k(width: int, height: int, tile: int, components: int) -> bytes:
    size = 38 + 3 * components
    body = struct.pack(">HHIIIIIIIIH", size & 0xFFFF, 0, width, height, 0, 0, tile, tile, 0, 0, components & 0xFFFF)
    return SIZ + body + b"\7\1\1" * min(components, 200) + b"\xff\xd9"


def jpeg(width: int, height: int) -> bytes:
    return (
        b"\xff\xd8\xff\xc3\0\x0b\x08"
        + struct.pack(">HH", height, width)
        + b"\1\1\x11\0\xff\xda\0\x08\1\1\0\1\0\0\0\xff\xd9"
    )


def inside(length: int) -> bytes:
    """A sequence with an item, in which a value is longer than all there is."""
    value = element(0x0009_1011, "OB", b"", length=length)
    return element(0x0009_1010, "SQ", b"\xfe\xff\0\xe0" + struct.pack("<I", len(value)) + value)


HUGE = 0xFFFF_FFFE
FILES: dict[str, Callable[[], bytes]] = {
    # Path
    **{
        f"uid {uid[:12]!r}": lambda uid=uid: made(values={0x0020_000D: ("UI", uid), 0x0020_000E: ("UI", uid)})
        for uid in ("..", "../../../tmp/x", "/tmp/x", "..\\..\\x", "C:\\x", "\\\\host\\s", "a\0b", "CON", "%2e%2e%2f",
                    "\xc0\xae\xc0\xae", "$(id)", ";id", "`id`", "' OR 1=1--", "1\r\nX: y", "\x1b[31m")
    },
    "patient of paths": lambda: made(values={0x0010_0020: ("LO", "../../../tmp/x"), 0x0010_0010: ("PN", "/tmp/x")}),
    "uid of 64 KB": lambda: made(values={0x0008_0018: None}) + element(0x0020_0010, "UN", b"1" * 65_000),
    # Lengths that lie
    "value beyond the file": lambda: made(element(0x0009_1010, "OB", b"", length=HUGE)),
    "value beyond, implicit": lambda: made(
        element(0x0009_1010, "OB", b"", length=HUGE, syntax=IMPLICIT), syntax=IMPLICIT
    ),
    "value beyond, big endian": lambda: made(element(0x0009_1010, "OB", b"", length=HUGE, syntax=BIG), syntax=BIG),
    "value beyond its item": lambda: made(inside(HUGE)),
    "value beyond in group 2": lambda: made(meta=element(0x0002_0102, "OB", b"", length=HUGE)),
    "sequence beyond": lambda: made(element(0x0009_1010, "SQ", b"", length=0xFFFF_FFF0)),
    "item past its sequence": lambda: made(element(0x0009_1010, "SQ", b"\xfe\xff\0\xe0\xff\xff\0\0")),
    "group length 0": lambda: made()[:140] + bytes(4) + made()[144:],
    "group length huge": lambda: made()[:140] + b"\xff\xff\xff\xff" + made()[144:],
    "fragment beyond": lambda: encapsulated(("OB", b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\xfe\xff\xff\xff")),
    **{f"fragment of {n}": lambda n=n: encapsulated(fragments(bytes(n))) for n in range(4)},
    "offsets beyond": lambda: encapsulated(fragments(bytes(64), table=struct.pack("<II", 0, 0xFFFF_FFF0)), frames="2"),
    "offsets descending": lambda: encapsulated(fragments(bytes(64), table=struct.pack("<II", 80, 0)), frames="2"),
    "65,535 of one tag": lambda: made() + element(0x0009_1010, "LO", "x") * 65_535,
    "many small elements": lambda: made() + b"".join(
        struct.pack("<HH", 0x0011 + 2 * (n >> 14), 0x1000 + (n & 0x3FFF)) + b"UN\0\0\0\0\0\0" for n in range(100_000)
    ),
    # Depth
    "deep": lambda: made() + NEST * DEEP,
    "deep, ended": lambda: made() + NEST * DEEP + UNNEST * DEEP,
    "deep, implicit": lambda: made(syntax=IMPLICIT) + NEST_IMPLICIT * DEEP,
    "deep, unknown": lambda: made() + NEST_UN * DEEP,
    "deep as it is taken": lambda: made() + NEST * 60 + UNNEST * 60,
    "stray delimiters": lambda: made() + b"\xfe\xff\xdd\xe0\0\0\0\0" * (10 << 17),
    # Sizes that wrap
    "46,341 squared": lambda: image(rows=46_341, columns=46_341),
    "65,535 squared": lambda: image(rows=65_535, columns=65_535),
    "129 frames": lambda: image(rows=4096, columns=4096, frames="129", bits=16),
    "all of it": lambda: image(rows=65_535, columns=65_535, samples=65_535, frames="2147483648"),
    "rows of two": lambda: image(rows=("US", b"\1\0\1\0")),
    "rows long": lambda: image(rows=("UL", b"\4\0\0\0")),
    "rows negative": lambda: image(rows=("SL", b"\xff\xff\xff\xff")),
    "rows empty": lambda: image(rows=("US", b"")),
    **{f"frames {n}": lambda n=n: image(frames=n) for n in ("-1", "0", "1000000000", "2147483648", "x", "1\\2")},
    **{f"bits {n}": lambda n=n: image(bits=n) for n in (0, 1, 12, 255)},
    "high bit": lambda: image(high=255),
    "stored beyond allocated": lambda: image(stored=255),
    "palette of 0": lambda: image(photometric="PALETTE COLOR ", palette=("US", bytes(6)), red=("OW", bytes(4))),
    "palette without": lambda: image(photometric="PALETTE COLOR "),
    "overlay out of range": lambda: image(overlay=("US", 65_535)) + element(0x6000_3000, "OW", bytes(4)),
    "large code stream": lambda: encapsulated(fragments(jpeg(65_535, 65_535)), JPEG, rows=1, columns=1),
    "small code stream": lambda: encapsulated(fragments(jpeg(1, 1)), JPEG, rows=65_535, columns=65_535),
    "2^31 tiles": lambda: encapsulated(fragments(j2k(1 << 31, 1 << 31, 1, 1)), J2K, rows=65_535, columns=65_535),
    "65,535 components": lambda: encapsulated(fragments(j2k(4, 4, 4, 65_535)), J2K),
    "rle backwards": lambda: encapsulated(fragments(struct.pack("<16I", 15, *range(1600, 100, -100)) + bytes(64))),
    "rle past the end": lambda: encapsulated(fragments(struct.pack("<16I", 1, 1 << 31, *[0] * 14) + bytes(64))),
    # Bombs
    "deflated bomb": lambda: made(element(0x0009_1010, "OB", bytes(200 << 20)), syntax=DEFLATED),
    "deflated, corrupt": lambda: made(syntax=DEFLATED)[:-20] + bytes(20),
    "deflated, truncated": lambda: made(syntax=DEFLATED)[:-20],
    # File content
    **{
        f"preamble {start[:4]!r}": lambda start=start: start.ljust(128, b"\0") + made()[128:]
        for start in (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"#!/bin/sh\n", b"<html><script>", b"%PDF-1.7", b"PK\3\4")
    },
    "formats": lambda: made(values={0x0008_1030: ("LO", "%s%n%x{0}")}),
    "iso 2022 without an end": lambda: made(
        values={0x0008_0005: ("CS", "\\ISO 2022 IR 87 "), 0x0008_1030: ("LO", "\x1b$B\x21")}
    ),
    "overlong utf-8": lambda: made(
        values={0x0008_0005: ("CS", "ISO_IR 192"), 0x0008_1030: ("LO", "\xc0\xaf\xed\xa0\x80")}
    ),
    "controls": lambda: made(values={0x0008_1030: ("LO", "a\0b\x1b[2J\nforged")}),
}  # fmt: skip
WAYS = [
    ("", "multipart/related; type=\"application/dicom\"; transfer-syntax=*"), ("", "application/dicom"),
    ("/metadata", "application/dicom+json"), ("/metadata", "multipart/related; type=\"application/dicom+xml\""),
    ("/frames/1", "multipart/related; type=\"application/octet-stream\""), ("/frames/1", "*/*"),
    ("/rendered", "image/png"),
    ("/rendered", "image/jpeg"), ("/thumbnail", "*/*"), ("/bulkdata", "*/*"),
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files(target: Target, name: str) -> None:
    content = FILES[name]()
    stored_before = target.client.get("/dicom-web/instances").json()
    watch = Watch(target)
    answer = stow(target.client, content)
    if answer.status_code != 200:
        assert is_told_well(answer), (answer.status_code, answer.text[:300])
        watch.check(len(content))
        return
    watch.check(len(content), stored=1)
    assert not any(secret in answer.text for secret in SECRETS)
    place = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    try:
        for way, accept in WAYS:
            take(target, place, way, accept, sent=len(content))
    finally:
        assert target.client.delete(place).status_code == 204
    assert target.client.get("/dicom-web/instances").json() == stored_before


def take(target: Target, place: str, way: str, accept: str, *, sent: int) -> None:
    """Ask for what is stored; it is given, or refused in words."""
    watch = Watch(target)
    got = target.client.get(place + way, headers={"Accept": accept})
    if got.status_code >= 400:
        assert got.status_code <= 500, (way, got.status_code)
        assert "unexpectedly" not in got.text, (way, accept)
        assert set(got.json()) <= {"error", "hint"}, (way, got.text)
        assert not any(secret in got.text for secret in SECRETS)
    try:
        watch.check(sent)
    except AssertionError as error:
        raise AssertionError(f"{way} as {accept}: {error}") from None


def test_an_odd_file_of_a_uid_that_is_there(target: Target) -> None:
    """Two that cannot be compared differ: the sender is not asked to try again for ever."""
    answer = stow(target.client, image())
    for name in ("group length 0", "group length huge", "value beyond in group 2", "deflated, truncated"):
        assert stow(target.client, FILES[name]()).status_code in {200, 400, 409}, name
    place = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    assert target.client.delete(place).status_code == 204
