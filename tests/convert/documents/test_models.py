"""STL, OBJ and MTL: looked at to their last line, and kept as they are."""

import time

import numpy as np
import pytest

from filmless.convert.content import Document, Picture
from filmless.convert.documents.references import add_references, files_named_in, link_models
from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents
from filmless.dataset import Dataset
from filmless.errors import ConversionError

_FACET = b"facet normal 0 0 1\nouter loop\n%b\nendloop\nendfacet\n"


def read_one(data):
    options = ReadOptions()
    (document,) = contents(data, options)
    assert document.data is data
    return document, [notice.code for notice in options.notices]


@pytest.mark.parametrize("text", [False, True])
def test_stl_is_the_file(stl, text):
    document, notices = read_one(stl(text=text))
    assert (document.kind, document.mime_type, dict(document.facts), notices) == ("STL", "model/stl", {}, [])


def test_binary_stl_that_begins_as_text(stl):
    data = b"solid made by a program".ljust(80) + stl()[80:]
    assert read_one(data)[0].kind == "STL"


@pytest.mark.parametrize("ending", [b"\r\n", b"\n\n"])
def test_text_stl_of_several_solids(stl, ending):
    data = (stl(3, text=True) + stl(2, text=True).upper()).replace(b"\n", ending)
    assert read_one(data)[0].kind == "STL"


@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
@pytest.mark.parametrize("text", [False, True])
def test_stl_cut_off(stl, text, part):
    data = stl(40, text=text)
    with pytest.raises(ConversionError, match="ends early"):
        contents(data[: int(len(data) * part)], ReadOptions())


@pytest.mark.parametrize("header", [b"binary", b"solid made by a program", b""])
@pytest.mark.parametrize("change", [slice(0, -1), slice(0, 84 + 50), slice(0, 84 + 99)])
def test_binary_stl_cut_off(stl, header, change):
    """It has no magic, and is told by the triangles that are there."""
    data = header.ljust(80) + stl()[80:]
    with pytest.raises(ConversionError, match=r"ends early: it has \d+ bytes, expected 684 of 12 triangles"):
        contents(data[change], ReadOptions())


def test_binary_stl_that_goes_on(stl):
    with pytest.raises(ConversionError, match="goes on behind its triangles"):
        contents(stl() + b"\r\n", ReadOptions())


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"abcd", b"\x7f\x80\0\1", b"\0\0\x80\x3f"])
def test_other_bytes_are_no_stl(filling, rng):
    for data in (filling * 1000, rng.bytes(4000), b"x" * 80 + b"\1\0\0\0" + filling * 61):
        with pytest.raises(ConversionError, match="no known format"):
            contents(data, ReadOptions())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x".ljust(80) + bytes(4), "no triangles"),
        (b"solid x\nendsolid x\n", "no triangles"),
        (b"solid x\n" + _FACET % b"vertex 0 0 nan\nvertex 0 0 0\nvertex 1 1 1" + b"endsolid", "no number"),
        (b"solid x\n" + _FACET % b"vertex 0 0 0\nvertex 0 0 0" + b"endsolid", "facet"),
    ],
)
def test_stl_of_nothing(data, message):
    with pytest.raises(ConversionError, match=message):
        contents(data, ReadOptions())


def test_stl_of_no_numbers(stl):
    data = bytearray(stl())
    data[84 + 12 : 84 + 16] = np.float32("inf").tobytes()
    with pytest.raises(ConversionError, match="no number"):
        contents(bytes(data), ReadOptions())


def test_stl_that_goes_on(stl):
    with pytest.raises(ConversionError, match="expected its end"):
        contents(stl(text=True) + b"more", ReadOptions())


def test_obj_is_the_file(obj):
    document, notices = read_one(obj)
    assert (document.kind, document.mime_type, notices) == ("OBJ", "model/obj", ["material-library"])
    assert files_named_in(document) == ("bones.mtl",)


def test_mtl_is_the_file(mtl):
    document, notices = read_one(mtl)
    assert (document.kind, document.mime_type, notices) == ("MTL", "model/mtl", ["texture"])
    assert files_named_in(document) == ("skin tone.png",)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("mtllib a.mtl b.mtl", ("a.mtl", "b.mtl")),
        ("mtllib my bones.mtl", ("my bones.mtl",)),
        ("  mtllib ../x/a.mtl\r", ("../x/a.mtl",)),
        ("mtllib a.mtl\nv 0 0 0\nmtllib a.mtl", ("a.mtl",)),
        ("# mtllib a.mtl", ()),
    ],
)
def test_material_libraries(line, names):
    document = Document(kind="OBJ", data=f"{line}\nv 1 2 3\n".encode(), mime_type="model/obj")
    assert files_named_in(document) == names


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("map_Kd a.png", "a.png"),
        ("map_Kd -o 1 2 3 -s 1 1 a.png", "a.png"),
        ("map_bump -bm 0.5 b c.jpg", "b c.jpg"),
        ("bump -mm 0 1 a.png", "a.png"),
        ("refl -type sphere -clamp on a.tif", "a.tif"),
    ],
)
def test_textures(line, name):
    document = Document(kind="MTL", data=f"newmtl a\n{line}\n".encode(), mime_type="model/mtl")
    assert files_named_in(document) == (name,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"v 0 1 0\n", b"v 0 1\n"), "line 6"),
        ((b"v 0 1 0\n", b"v 0 1 nan\n"), "line 6"),
        ((b"v 0 1 0\n", b"v 0 1 \x80\n"), "line 6"),
        ((b"3/1/1", b"9/1/1"), "vertex 9, of 4"),
        ((b"f -4", b"f -5"), "face"),
        ((b"usemtl", b"usemlt"), "line 10"),
        ((b"s off", b"\0\0\0"), "no text"),
    ],
)
def test_obj_damaged(obj, change, message):
    with pytest.raises(ConversionError, match=message):
        contents(obj.replace(*change), ReadOptions())


def test_obj_cut_off(obj):
    data = obj[: obj.index(b"v 0 1 0")]
    assert read_one(data)[0].kind == "OBJ"  # nothing shows it
    with pytest.raises(ConversionError, match="face"):
        contents(obj[: -len(b"-3 \\\n  -1\n")], ReadOptions())
    with pytest.raises(ConversionError, match="goes on"):
        contents(obj[: -len(b"\n  -1\n")], ReadOptions())
    with pytest.raises(ConversionError, match="no vertices"):
        contents(b"o nothing\n", ReadOptions())


@pytest.mark.parametrize("data", [b"newmtl\n", b"newmtl a\nKx 1 1 1\n", b"newmtl a\nKd\n", b"newmtl a\n\0\0\n"])
def test_mtl_damaged(data):
    with pytest.raises(ConversionError):
        contents(data, ReadOptions())


def test_a_million_lines():
    data = b"o x\n" + b"v 0.125 1.5 -2.25\n" * 700_000 + b"f 1 2 3\n" * 300_000
    started = time.monotonic()
    assert read_one(data)[0].kind == "OBJ"
    assert time.monotonic() - started < 20


def test_lines_without_end():
    started = time.monotonic()
    for data in (
        b"v 1 2 3\n" + b" " * 20_000_000,
        b"v 1 2 3\nv " + b"1 " * 2_000_000,
        b"#" + b"#" * 5_000_000 + b"\nv 0 0 0",
    ):
        try:
            contents(data, ReadOptions())
        except ConversionError:
            continue
    assert time.monotonic() - started < 20


def object_of(sop_class, number, *, study="1.2.3", series="1.2.3.4"):
    return Dataset(
        {
            "SOPClassUID": sop_class,
            "SOPInstanceUID": f"1.2.9.{number}",
            "StudyInstanceUID": study,
            "SeriesInstanceUID": series,
        }
    )


def test_references(obj, mtl):
    (model, _), (materials, _) = read_one(obj), read_one(mtl)
    objects = [
        object_of("1.2.840.10008.5.1.4.1.1.104.4", 1),
        object_of("1.2.840.10008.5.1.4.1.1.104.5", 2),
        object_of("1.2.840.10008.5.1.4.1.1.7", 3, study="1.2.5", series="1.2.5.1"),
    ]
    assert add_references(objects[0], model, {"bones.mtl": objects[1]}) == ()
    assert add_references(objects[1], materials, {"skin tone.png": objects[2]}) == ()
    (item,) = objects[0].ReferencedInstanceSequence
    assert item.ReferencedSOPClassUID == objects[1].SOPClassUID
    assert item.ReferencedSOPInstanceUID == "1.2.9.2"
    assert item.RelativeURIReferenceWithinEncapsulatedDocument == "bones.mtl"
    (series,) = objects[0].ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "1.2.3.4"
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == "1.2.9.2"
    (item,) = objects[1].ReferencedInstanceSequence
    assert item.RelativeURIReferenceWithinEncapsulatedDocument == "skin%20tone.png"
    (study,) = objects[1].StudiesContainingOtherReferencedInstancesSequence
    assert study.StudyInstanceUID == "1.2.5"
    assert study.ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.5.1"
    assert "ReferencedSeriesSequence" not in objects[1]


def test_models_of_a_folder(obj, mtl):
    (model, _), (materials, _) = read_one(obj.replace(b"bones.mtl", b"..\\parts/Bones.mtl")), read_one(mtl)
    picture = Picture.of_samples(np.zeros((2, 2), np.uint8))
    sets = [object_of(f"1.2.840.10008.5.1.4.1.1.104.{number}", number) for number in (4, 5, 6)]
    objects = {
        "heart/a.obj": (model, sets[0]),
        "parts/bones.mtl": (materials, sets[1]),
        "parts/other.png": (picture, sets[2]),
    }
    assert link_models(objects) == {"parts/bones.mtl": ("skin tone.png",)}
    (item,) = sets[0].ReferencedInstanceSequence
    assert item.ReferencedSOPInstanceUID == sets[1].SOPInstanceUID
    assert item.RelativeURIReferenceWithinEncapsulatedDocument == "../parts/Bones.mtl"
    assert "ReferencedInstanceSequence" not in sets[1]


def test_references_that_are_missing(obj):
    document, _ = read_one(obj)
    ds = object_of("1.2.840.10008.5.1.4.1.1.104.4", 1)
    assert add_references(ds, document, {}) == ("bones.mtl",)
    assert "ReferencedInstanceSequence" not in ds
