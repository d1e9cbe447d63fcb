"""ZIP files as sources: read with bounds, and with names that lead nowhere."""

import io
import os
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import filmless
from filmless.convert.archives import safe_relative
from filmless.convert.many import convert_many
from filmless.convert.sources import items
from filmless.errors import ConversionError, LimitError


def png(level: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (4, 3), level).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return tmp_path


def packed(path: str, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.filename, info.compress_type = name, compression
            archive.writestr(info, data)
    return path


@pytest.mark.parametrize("threads", [1, 3])
def test_members_become_files(here: Path, threads: int) -> None:
    packed("scans.zip", {"b/img10.png": png(10), "b/img2.png": png(2), "b/notes.txt": b"x", "a.png": png(1), "e/": b""})
    found = list(convert_many("scans.zip", "out", threads=threads))
    assert [(one.source, one.status) for one in found] == [
        ("scans.zip/a.png", "converted"),
        ("scans.zip/b/img2.png", "converted"),
        ("scans.zip/b/img10.png", "converted"),
        ("scans.zip/b/notes.txt", "skipped"),
    ]
    assert [filmless.read(f"out/{name}.dcm").pixel_array[0, 0] for name in ("a", "b/img2", "b/img10")] == [1, 2, 10]


def test_in_a_folder_and_in_memory(here: Path) -> None:
    Path("in").mkdir()
    packed("in/scans.zip", {"a.png": png()})
    data = Path("in/scans.zip").read_bytes()
    found = list(convert_many(["in", data, io.BytesIO(data)], "out"))
    assert [str(one.target) for one in found] == ["out/scans.zip/a.dcm", "out/a.dcm", "out/a-2.dcm"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing(here: Path, compression: int) -> None:
    packed("a.zip", {"a.png": png()}, compression)
    assert [one.status for one in convert_many("a.zip")] == ["converted"]


HOSTILE = [
    *(
        "../../evil.png",
        "/etc/evil.png",
        "C:\\evil.png",
        "..\\..\\evil.png",
        "a/../../evil.png",
        "\\\\host\\x\\evil.png",
    ),
    *("CON.png", "nul", "a:b.png", "ev\til\n.png", "\u202eevil.png", "x" * 3000 + ".png", ".. /evil.png", "...", ""),
    "a/" * 300 + "evil.png",
]


def test_names_lead_nowhere(here: Path) -> None:
    before = set(here.rglob("*"))
    for place, name in enumerate(HOSTILE):
        packed("hostile.zip", {name: png()})
        found = list(convert_many("hostile.zip", f"out{place}"))
        assert all(one.status == "converted" for one in found), (name, found)
        for one in found:
            assert one.target is not None
            assert Path(f"out{place}").resolve() in one.target.resolve().parents
            assert all(letter.isprintable() for letter in one.source)
    outside = set(here.rglob("*")) - before
    assert all(path.relative_to(here / "here").parts[0].startswith(("out", "hostile")) for path in outside)


def test_names_that_become_the_same(here: Path) -> None:
    packed("a.zip", {"x/a.png": png(1), "../x/a.png": png(2), "X\\A.png": png(3), "/x/a.PNG": png(4)})
    found = list(convert_many("a.zip", "out"))
    assert {one.status for one in found} == {"converted"}
    assert len({str(one.target).casefold() for one in found}) == 4


def test_random_names_are_safe() -> None:
    random.seed(4)
    letters = "./\\:a b\0\n~*?\"'|<>$%é\u202e-\ud800"
    for _ in range(3000):
        path = safe_relative("".join(random.choices(letters, k=random.randrange(12))))
        assert not path.is_absolute()
        assert path.parts
        assert all(part not in ("..", ".", "") and "\0" not in part for part in path.parts)
        os.fsencode(path)


def test_an_encrypted_member(here: Path) -> None:
    packed("a.zip", {"a.png": png(), "b.png": png()})
    data = bytearray(Path("a.zip").read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(magic)
        data[place + at] |= 1
    Path("a.zip").write_bytes(data)
    found = list(convert_many("a.zip", "out"))
    assert [one.status for one in found] == ["failed", "converted"]
    assert "encrypted" in str(found[0].error)


def test_bombs(here: Path) -> None:
    bomb = png() + bytes(50 << 20)
    packed("bomb.zip", {f"{number}.png": bomb for number in range(2)} | {"9.png": png()})
    assert Path("bomb.zip").stat().st_size < 1 << 20
    found = list(convert_many("bomb.zip", max_member_bytes=1 << 20))
    assert [one.status for one in found] == ["failed", "failed", "converted"]
    assert isinstance(found[0].error, LimitError)
    assert found[0].error.limit == "max_member_bytes"
    found = list(convert_many("bomb.zip", max_zip_bytes=60 << 20))
    assert [one.status for one in found] == ["converted", "failed", "failed"]
    found = list(convert_many("bomb.zip", max_members=2))
    assert [getattr(one.error, "limit", None) for one in found] == ["max_members"]


def test_a_member_that_is_longer_than_it_says(here: Path) -> None:
    packed("a.zip", {"a.png": png() + bytes(1 << 20)})
    data = bytearray(Path("a.zip").read_bytes())
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(magic) + at, 500)
    Path("a.zip").write_bytes(data)
    (one,) = convert_many("a.zip")
    assert one.status == "failed"
    assert isinstance(one.error, ConversionError)


def test_damage(here: Path) -> None:
    packed("a.zip", {f"{number}.png": png(number) for number in range(5)})
    data = Path("a.zip").read_bytes()
    random.seed(5)
    for _ in range(300):
        hurt = bytearray(data)
        for _ in range(random.randrange(1, 6)):
            hurt[random.randrange(4, len(hurt))] = random.randrange(256)
        cut = bytes(hurt[: random.choice([len(hurt), random.randrange(4, len(hurt))])])
        for one in convert_many(cut, threads=1):
            assert one.error is None or isinstance(one.error, ConversionError | LimitError), one.error


def test_zips_that_are_no_archives(here: Path) -> None:
    Path("in").mkdir()
    packed("in/letter.docx", {"[Content_Types].xml": b"<x/>", "word/media/image1.png": png()})
    packed("in/empty.zip", {})
    packed("in/outer.zip", {"inner.zip": Path(packed("inner.zip", {"a.png": png()})).read_bytes()})
    Path("in/cut.zip").write_bytes(b"PK\x03\x04 and no more")
    found = {one.source: one for one in convert_many("in", "out")}
    assert {name: (one.status, one.reason) for name, one in found.items()} == {
        "in/cut.zip": ("failed", None),
        "in/empty.zip": ("skipped", "the ZIP file is empty"),
        "in/letter.docx": ("skipped", "of no known format"),
        "in/outer.zip/inner.zip": ("failed", None),
    }
    inner = found["in/outer.zip/inner.zip"].error
    assert isinstance(inner, ConversionError)
    assert inner.hint == "unpack the outer one first"


def test_links_in_a_zip(here: Path) -> None:
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert [(item.name, item.reason) for item in items("a.zip")] == [("a.zip/link.png", "a link in a ZIP")]


def test_dicom_in_a_zip(here: Path, pydicom_files: list[Path]) -> None:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    packed("a.zip", {"ct/1": ct.read_bytes(), "a.png": png()})
    found = list(convert_many("a.zip", "out", to="png"))
    assert [(one.source, one.status) for one in found] == [("a.zip/a.png", "skipped"), ("a.zip/ct/1", "converted")]
    assert Path("out/ct/1.png").exists()
