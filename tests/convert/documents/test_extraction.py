"""What went in comes out, bit for bit; of our objects and of DCMTK's."""

import subprocess

import pytest

from filmless import read
from filmless.convert.documents.extraction import extract
from filmless.dataset import Dataset
from filmless.errors import ConversionError

_CLASS = "1.2.840.10008.5.1.4.1.1.104.{}"
_SUFFIXES = {1: ".pdf", 2: ".xml", 3: ".stl", 4: ".obj", 5: ".mtl"}


def encapsulated(data, number=1, *, length=None, **more):
    ds = Dataset(
        {"SOPClassUID": _CLASS.format(number), "SOPInstanceUID": "1.2.3", "EncapsulatedDocument": data, **more}
    )
    if length is not None:
        ds.EncapsulatedDocumentLength = length
    return ds


@pytest.fixture(params=["pdf", "pdf-odd", "cda", "cda-odd", "stl", "stl-text", "obj", "mtl"])
def document(request, make_pdf, cda, stl, obj, mtl):
    """A file of each kind, its number and its suffix."""
    odd = request.param.endswith("-odd")
    data, number = {
        "pdf": lambda: (make_pdf(), 1),
        "cda": lambda: (cda(), 2),
        "stl": lambda: (stl(13, text=request.param.endswith("text")), 3),
        "obj": lambda: (obj, 4),
        "mtl": lambda: (mtl, 5),
    }[request.param.partition("-")[0]]()
    return data + b"\n" if odd == (len(data) % 2 == 0) and number in (1, 2) else data, number


@pytest.mark.parametrize("with_length", [False, True])
def test_through_a_file(document, with_length, tmp_path):
    data, number = document
    ds = encapsulated(data, number, length=len(data) if with_length else None)
    ds.save_as(tmp_path / "a.dcm")
    assert extract(read(tmp_path / "a.dcm")) == (data, _SUFFIXES[number])


@pytest.mark.parametrize(("program", "number"), [("pdf2dcm", 1), ("cda2dcm", 2), ("stl2dcm", 3)])
@pytest.mark.parametrize("odd", [False, True])
def test_of_dcmtk(program, number, odd, make_pdf, cda, stl, peer, tmp_path):
    data = {1: make_pdf, 2: cda, 3: lambda: stl(4)}[number]()
    if number != 3 and (len(data) % 2 == 1) != odd:
        data += b"\n"
    (tmp_path / "a").write_bytes(data)
    arguments = ["--generate", tmp_path / "a", tmp_path / "a.dcm"]
    subprocess.run([peer(program), *(["--no-override"] if number == 2 else []), *arguments],
                   check=True, capture_output=True)  # fmt: skip
    assert extract(read(tmp_path / "a.dcm")) == (data, _SUFFIXES[number])


@pytest.mark.parametrize(
    ("data", "number", "expected"),
    [
        (b"%PDF-1.4 %%EOF\0", 1, b"%PDF-1.4 %%EOF\0"),  # odd: nothing was added
        (b"%PDF-1.4 %%EOF\n\0", 1, b"%PDF-1.4 %%EOF\n"),
        (b"%PDF-1.4 %%EOF\0\0", 1, b"%PDF-1.4 %%EOF\0"),  # one zero only
        ("<a>é</a>".encode("utf-16"), 2, "<a>é</a>".encode("utf-16")),
        ("<a>!Ā".encode("utf-16-be"), 2, "<a>!Ā".encode("utf-16-be")[:-1]),  # no byte order mark: no UTF-16
        (b"v 1 2 3\0", 4, b"v 1 2 3"),
    ],
)
def test_padding(data, number, expected):
    assert extract(encapsulated(data, number))[0] == expected


def test_length_is_honoured():
    assert extract(encapsulated(b"%PDF \0\0\0", length=7))[0] == b"%PDF \0\0"
    assert extract(encapsulated(b"%PDF \0\0\0", length=8))[0] == b"%PDF \0\0\0"
    assert extract(encapsulated(b"%PDF1234", length=3))[0] == b"%PDF1234"  # it cannot be meant
    with pytest.raises(ConversionError, match="ends early"):
        extract(encapsulated(b"%PDF", length=5))


@pytest.mark.parametrize(
    ("mime_type", "suffix"),
    [("application/pdf", ".pdf"), ("Text/XML; charset=utf-8", ".xml"), ("model/stl", ".stl"), ("image/jpeg", ".jpg"),
     ("application/x-thing", ".bin"), ("", ".bin"), (None, ".bin")],
)  # fmt: skip
def test_other_classes_by_their_type(mime_type, suffix):
    ds = encapsulated(b"1234", SOPClassUID="1.2.3.4")
    if mime_type is not None:
        ds.MIMETypeOfEncapsulatedDocument = mime_type
    assert extract(ds) == (b"1234", suffix)


def test_nothing_to_extract():
    with pytest.raises(ConversionError, match="no encapsulated document"):
        extract(Dataset({"SOPClassUID": _CLASS.format(1)}))
    with pytest.raises(ConversionError, match="empty"):
        extract(encapsulated(b""))
