"""PDF out: pages read back by PDFium and poppler."""

import io
import subprocess
import time
from itertools import pairwise

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image, ImageCms
from pydicom._dicom_dict import DicomDictionary

from filmless import pixels, read
from filmless.convert import from_dicom, to_dicom
from filmless.convert.out.pdf_captions import DEFAULT_CAPTIONS
from filmless.errors import ConversionError

_HEADER = {
    "PatientName": "Doe^Jane^Q",
    "PatientID": "4711",
    "PatientBirthDate": "19700131",
    "StudyDate": "20260102",
    "StudyDescription": "Thorax in zwei Ebenen",
    "Modality": "OT",
    "SeriesNumber": "7",
    "InstanceNumber": "12",
    "InstitutionName": "Klinik für Radiologie",
}


def opened(data):
    return pypdfium2.PdfDocument(data)


def text_of(data, page=0):
    with opened(data) as pdf:
        return pdf[page].get_textpage().get_text_range()


def pictures_of(data):
    """Pixels of all images, and where each is: left, bottom, right, top."""
    with opened(data) as pdf:
        for page in pdf:
            for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
                bitmap = image.get_bitmap()
                found = bitmap.to_numpy().copy()
                yield found[..., ::-1] if found.ndim == 3 else found, image.get_bounds()


@pytest.fixture
def grey_ds(grey):
    return to_dicom(grey, **_HEADER)


@pytest.fixture
def rgb_ds(rgb):
    return to_dicom(rgb, **_HEADER)


@pytest.mark.parametrize("name", ["grey_ds", "rgb_ds"])
def test_pixels_are_those_of_the_picture(name, request):
    ds = request.getfixturevalue(name)
    data = from_dicom(ds, "pdf")
    ((picture, _),) = pictures_of(data)
    np.testing.assert_array_equal(picture, pixels.render(ds))
    space = b"/DeviceGray" if name == "grey_ds" else b"/DeviceRGB"
    assert space in data


def test_pixels_by_poppler(grey_ds, rgb_ds, peer, tmp_path):
    (tmp_path / "a.pdf").write_bytes(from_dicom([grey_ds, rgb_ds], "pdf"))
    subprocess.run([peer("pdfimages"), "-png", tmp_path / "a.pdf", tmp_path / "a"], check=True)
    for path, ds in zip(sorted(tmp_path.glob("*.png")), [grey_ds, rgb_ds], strict=True):
        found = np.asarray(Image.open(path))
        np.testing.assert_array_equal(found, pixels.render(ds))


def test_slice_of_a_ct(peer, tmp_path, pydicom_files):
    ds = read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    data = from_dicom(ds, "pdf", window=(40, 400))
    ((picture, _),) = pictures_of(data)
    np.testing.assert_array_equal(picture, pixels.render(ds, window=(40, 400)))
    (tmp_path / "a.pdf").write_bytes(data)
    told = subprocess.run([peer("pdftotext"), tmp_path / "a.pdf", "-"], check=True, capture_output=True, text=True)
    assert told.stderr == ""
    assert "CompressedSamples, CT1" in told.stdout


def test_captions(grey_ds):
    text = text_of(from_dicom(grey_ds, "pdf"))
    for expected in (
        "Doe, Jane Q",
        "4711",
        "1970-01-31",
        "2026-01-02",
        "Thorax in zwei Ebenen",
        "Klinik für Radiologie",
    ):
        assert expected in text
    assert "Birth date" in text


_NAMES = [
    ("Παπαδόπουλος^Ελένη", "Παπαδόπουλος, Ελένη"),
    ("Сидоров^Пётр", "Сидоров, Пётр"),
    ("Nguyễn^Thị Ánh", "Nguyễn, Thị Ánh"),
    ("Wałęsa^Łucja=", "Wałęsa, Łucja"),
    ("Zoe\u0308^A", "Zoë, A"),
]


@pytest.mark.parametrize(("name", "expected"), _NAMES)
def test_names_of_any_language(grey_ds, name, expected, peer, tmp_path):
    grey_ds.SpecificCharacterSet = "ISO_IR 192"
    grey_ds.PatientName = name
    data = from_dicom(grey_ds, "pdf", captions=["PatientName"])
    assert text_of(data).strip() == expected
    (tmp_path / "a.pdf").write_bytes(data)
    told = subprocess.run([peer("pdftotext"), tmp_path / "a.pdf", "-"], check=True, capture_output=True, text=True)
    assert (told.stdout.strip(), told.stderr) == (expected, "")


def test_hebrew_is_seen_from_the_right(grey_ds, peer, tmp_path):
    grey_ds.SpecificCharacterSet = "ISO_IR 192"
    grey_ds.StudyDescription = "שלום (12) end"
    data = from_dicom(grey_ds, "pdf", captions=["StudyDescription"])
    with opened(data) as pdf:
        page = pdf[0].get_textpage()
        boxes = {page.get_text_range(n, 1): page.get_charbox(n)[0] for n in range(page.count_chars())}
    assert boxes["ש"] > boxes["ל"] > boxes["2"] > boxes["1"]
    assert boxes["e"] > boxes["ש"]


def test_east_asian_names(grey_ds):
    grey_ds.SpecificCharacterSet = "ISO_IR 192"
    notices = []
    for name, expected in [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou 山田 太郎 やまだ たろう"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong, Gildong 洪 吉洞 홍 길동"),
        ("Zhang^XiaoDong=张^小东", "Zhang, XiaoDong 张 小东"),
    ]:
        grey_ds.PatientName = name
        text = text_of(from_dicom(grey_ds, "pdf", captions=["PatientName"], notices=notices))
        assert " ".join(text.split()) == expected
    assert {notice.code for notice in notices} == {"font-not-embedded"}


def test_characters_that_the_font_lacks(grey_ds, peer, tmp_path):
    grey_ds.SpecificCharacterSet = "ISO_IR 192"
    grey_ds.StudyDescription = "น้ำ x"
    notices = []
    (tmp_path / "a.pdf").write_bytes(from_dicom(grey_ds, "pdf", captions=["StudyDescription"], notices=notices))
    assert [notice.code for notice in notices] == ["font-lacks-characters"]
    told = subprocess.run([peer("pdftotext"), tmp_path / "a.pdf", "-"], check=True, capture_output=True, text=True)
    assert "น้ำ x" in told.stdout


def test_no_captions_tell_nothing(grey_ds):
    data = from_dicom([grey_ds] * 3, "pdf", captions=())
    assert text_of(data) == ""
    assert b"/Font" not in data
    with opened(data) as pdf:
        assert not any(pdf.get_metadata_dict().values())


def test_metadata_tell_nothing(grey_ds):
    with opened(from_dicom(grey_ds, "pdf")) as pdf:
        assert not any(pdf.get_metadata_dict().values())


def test_empty_and_missing_values(grey_ds):
    for keyword in _HEADER:
        setattr(grey_ds, keyword, None)
    del grey_ds["PatientID"]
    assert text_of(from_dicom(grey_ds, "pdf")) == ""


def test_long_values_are_cut(grey_ds):
    grey_ds.StudyDescription = "W" * 1000
    text = text_of(from_dicom(grey_ds, "pdf"))
    assert "WWW…" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"captions": ["PatientNam"]}, "no keyword"),
        ({"captions": ["PixelData"]}, "no text"),
        ({"captions": ["ReferencedStudySequence"]}, "no text"),
        ({"sheet": (0, 1)}, "sheet"),
        ({"sheet": 3}, "sheet"),
        ({"sheet": (1, 2, 3)}, "sheet"),
        ({"sheet": (1000, 2)}, "sheet"),
        ({"paper": "a7"}, "paper"),
        ({"quality": 0}, "quality"),
        ({"font": __file__}, "font"),
        ({"depth": 16}, "no option"),
    ],
)
def test_wrong_options(grey_ds, options, message):
    with pytest.raises(ConversionError, match=message):
        from_dicom(grey_ds, "pdf", **options)


def test_a_caption_that_is_nearly_one(grey_ds):
    with pytest.raises(ConversionError) as caught:
        from_dicom(grey_ds, "pdf", captions=["PatientNam"])
    assert "PatientName" in caught.value.hint


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_paper(grey_ds, paper, size):
    wide = to_dicom(np.zeros((10, 30), np.uint8))
    with opened(from_dicom([grey_ds, wide], "pdf", paper=paper)) as pdf:
        assert [tuple(map(round, page.get_size())) for page in pdf] == [size, size[::-1]]


def test_pictures_fit_and_keep_their_proportion(grey_ds):
    ((picture, (left, bottom, right, top)),) = pictures_of(from_dicom(grey_ds, "pdf"))
    assert left >= 34
    assert bottom >= 33.9
    assert right <= 595.276 - 33.9
    assert top < 841.89 - 34 - 40  # under the captions
    assert (right - left) / (top - bottom) == pytest.approx(picture.shape[1] / picture.shape[0], rel=1e-3)


def test_pixels_that_are_not_square(grey):
    ds = to_dicom(grey)
    ds.PixelAspectRatio = [2, 1]
    ((picture, (left, bottom, right, top)),) = pictures_of(from_dicom(ds, "pdf"))
    np.testing.assert_array_equal(picture, grey)
    assert (right - left) / (top - bottom) == pytest.approx(grey.shape[1] / (2 * grey.shape[0]), rel=1e-3)


def series(grey, count, **header):
    return [
        to_dicom(np.roll(grey, number), **{**_HEADER, "InstanceNumber": str(number + 1), **header})
        for number in range(count)
    ]


def test_sheet_of_a_series(grey):
    slices = series(grey, 9)
    data = from_dicom(slices, "pdf", sheet=(3, 2))
    with opened(data) as pdf:
        assert len(pdf) == 2
    found = list(pictures_of(data))
    assert len(found) == 9
    for (picture, _), ds in zip(found, slices, strict=True):
        np.testing.assert_array_equal(picture, pixels.render(ds))
    text = text_of(data)
    assert text.count("Doe, Jane Q") == 1
    assert [f"Image {number}" in text for number in range(1, 8)] == [True] * 6 + [False]
    assert "1 / 2" in text
    assert "Image 9" in text_of(data, 1)
    # In reading order, and none on another.
    boxes = [box for _, box in found[:6]]
    assert [sorted((b[0], -b[3]) for b in boxes[row : row + 3]) for row in (0, 3)] == [
        [(b[0], -b[3]) for b in boxes[row : row + 3]] for row in (0, 3)
    ]
    assert all(above[1] > below[3] for above, below in zip(boxes[:3], boxes[3:], strict=True))
    assert all(one[2] < two[0] for one, two in pairwise(boxes[:3]))


def test_sheet_of_two_patients_names_each(grey):
    """No picture stands under a name that is not its own."""
    both = [*series(grey, 1), *series(grey, 1, PatientName="Roe^John", PatientID="9")]
    text = text_of(from_dicom(both, "pdf", sheet=(2, 1)))
    assert text.splitlines()[0] == "Study date"
    # The date of birth is that of each, though it is the same.
    counts = {"Doe, Jane Q": 1, "Roe, John": 1, "1970-01-31": 2, "Klinik": 1}
    assert {value: text.count(value) for value in counts} == counts


def test_sheet_of_frames(grey):
    ds = to_dicom(np.stack([np.roll(grey, n) for n in range(5)]), **_HEADER)
    data = from_dicom(ds, "pdf", sheet=(2, 2))
    assert [f"Frame {number} of 5" in text_of(data) for number in range(1, 6)] == [True] * 4 + [False]
    np.testing.assert_array_equal([picture for picture, _ in pictures_of(data)], pixels.decode(ds))
    some = from_dicom(ds, "pdf", frames=[3, 1])
    assert "2 of 5" in text_of(some, 1)
    np.testing.assert_array_equal([picture for picture, _ in pictures_of(some)], pixels.decode(ds)[[3, 1]])


def test_several_data_sets_of_several_frames(grey):
    ds = to_dicom(np.stack([grey, grey]), **_HEADER)
    with opened(from_dicom([ds, *series(grey, 1), ds], "pdf")) as pdf:
        assert len(pdf) == 5


def test_large_pictures_are_made_smaller_on_a_sheet():
    ds = to_dicom(np.tile(np.arange(3000, dtype=np.uint16).astype(np.uint8), (2000, 1)))
    ((picture, _),) = pictures_of(from_dicom(ds, "pdf", sheet=(4, 4)))
    assert max(picture.shape) < 900
    ((picture, _),) = pictures_of(from_dicom(ds, "pdf"))
    assert picture.shape == (2000, 3000)


def test_jpeg(photo):
    ds = to_dicom(photo)
    data = from_dicom(ds, "pdf", quality=95)
    assert b"/DCTDecode" in data
    ((picture, _),) = pictures_of(data)
    assert np.abs(picture.astype(int) - pixels.render(ds)).mean() < 3
    grey = from_dicom(to_dicom(photo.convert("L")), "pdf", quality=95)
    assert b"/DeviceGray" in grey
    ((picture, _),) = pictures_of(grey)
    assert picture.ndim == 2


def test_profile_goes_along_once(encode, rgb):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ds = to_dicom(encode(rgb, "PNG", icc_profile=profile))
    data = from_dicom([ds, ds], "pdf")
    assert data.count(b"/ICCBased") == 2
    assert data.count(b"/N 3 /Alternate /DeviceRGB") == 1
    for picture, _ in pictures_of(data):
        assert picture.shape == rgb.shape


def test_same_bytes_again(grey):
    slices = series(grey, 12)
    once = from_dicom(slices, "pdf", sheet=(2, 2), threads=4)
    assert once == from_dicom(slices, "pdf", sheet=(2, 2), threads=1)
    assert time.strftime("%Y") not in once.decode("latin-1").replace("2026-01-02", "")


def test_structure(grey, peer, tmp_path):
    """Every offset is that of its object, and poppler has nothing to say of it."""
    data = from_dicom(series(grey, 300), "pdf")
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    lines = data[start:].split(b"\n")
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    for number in range(1, count):
        offset = int(lines[2 + number][:10])
        assert data[offset:].startswith(b"%d 0 obj\n" % number)
    (tmp_path / "a.pdf").write_bytes(data)
    told = subprocess.run([peer("pdfinfo"), tmp_path / "a.pdf"], check=True, capture_output=True, text=True)
    assert "Pages:           300" in told.stdout
    assert told.stderr == ""


def test_pages_are_not_kept(grey):
    class Counted(io.BytesIO):
        most = 0

        def write(self, data):
            Counted.most = max(Counted.most, len(data))
            return super().write(data)

    from filmless.convert.out.parts import outputs

    (part,) = outputs(series(grey, 40), "pdf")
    stream = Counted()
    part.format.write(part.job, stream)
    assert len(stream.getvalue()) > 3 * Counted.most


def test_a_page_looks_the_same_to_pdfium_and_poppler(grey_ds, peer, tmp_path):
    data = from_dicom(grey_ds, "pdf")
    (tmp_path / "a.pdf").write_bytes(data)
    subprocess.run([peer("pdftoppm"), "-r", "100", "-gray", tmp_path / "a.pdf", tmp_path / "a"], check=True)
    theirs = np.asarray(Image.open(next(tmp_path.glob("*.pgm"))))
    with opened(data) as pdf:
        ours = pdf[0].render(scale=100 / 72, grayscale=True).to_numpy()[: theirs.shape[0], : theirs.shape[1]]
    top = slice(0, 105)  # the captions
    ink, other = ours[top] < 128, theirs[top] < 128
    assert ink.sum() > 500
    near = np.zeros_like(other)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near |= np.roll(other, (down, right), (0, 1))
    assert near[ink].mean() > 0.99


def test_encapsulated_pdf_is_taken_out():
    from filmless.dataset import Dataset

    document = from_dicom(to_dicom(np.zeros((4, 4), np.uint8)), "pdf")
    ds = Dataset(
        {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1",
            "EncapsulatedDocument": document,
            "EncapsulatedDocumentLength": len(document),
        }
    )
    assert from_dicom(ds, "pdf") == document == from_dicom(ds, "document")
    with pytest.raises(ConversionError, match="no option"):
        from_dicom(ds, "pdf", sheet=(1, 1))
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.3"
    with pytest.raises(ConversionError, match=r"a \.stl"):
        from_dicom(ds, "pdf")


def test_default_captions_are_keywords():
    assert "PatientName" in DEFAULT_CAPTIONS


@pytest.mark.parametrize("way", ["captions", "sheet"])
def test_pictures_without_room_are_an_error(grey, way):
    """A page of nothing but text would be taken for the whole."""
    keywords = [row[4] for tag, row in DicomDictionary.items() if row[:2] == ("LO", "1") and tag >> 16 == 0x0018][:60]
    slices = [to_dicom(grey, **_HEADER | {"InstanceNumber": number}) for number in "12"]
    for ds in slices:
        ds.update(dict.fromkeys(keywords, "long " * 30))
    options = {"captions": keywords} if way == "captions" else {"sheet": (1, 50)}
    with pytest.raises(ConversionError, match="no room") as caught:
        from_dicom(slices, "pdf", **options)
    assert "sheet" in caught.value.hint
