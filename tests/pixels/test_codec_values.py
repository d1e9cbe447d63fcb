"""Real files and code streams: the values that other decoders, twins and raw files say they have."""

import csv
import hashlib
import io
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, pixels, read
from filmless.errors import CodecError, GeometryError
from filmless.pixels.codecs import codec_of
from filmless.pixels.description import PixelDescription

pytestmark = pytest.mark.filterwarnings("ignore")  # of the reader

_LOSSY_8_BIT = ("1.2.840.10008.1.2.4.50",)
_EXTENDED = "1.2.840.10008.1.2.4.51"
_CORNERSTONE = "cornerstonejs+cornerstone3D/packages/dicomImageLoader/testImages"
_FIXTURES = "cornerstonejs+codecs/packages"
_STREAMS = "pydicom+pylibjpeg-data/ljdata/jpg"

# Where ours is not what the table says, or the table says nothing, and why ours is right. Tests below hold them to it.
DIFFERENCES = {
    "pydicom+pydicom-data/data_store/data/liver_deflate.dcm": "nobody decodes it: equals liver.dcm",
    "pydicom+pydicom-data/data_store/data/liver_rle.dcm": "packed bits in RLE, nobody decodes it: equals liver.dcm",
    "pydicom+pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm": "as before: equals liver_nonbyte_aligned.dcm",
    "pydicom+pylibjpeg-data/ljdata/ds/JPEG2000Lossless/966.dcm": "last tile-part is 4 bytes short: read to the end",
    "pydicom+pydicom/src/pydicom/data/test_files/JPEG-lossy.dcm": "spectrum said to end at 0: equals its mended twin",
    "pydicom+pylibjpeg-data/ljdata/ds/JPEGExtended/RG2_JPLY.dcm": "spectrum said to end at 0: equals its mended twin",
    "robyoung+dicom-test-files/data/WG04/JPLY/MR2_JPLY": "spectrum said to end at 0: near its lossless twin",
    "robyoung+dicom-test-files/data/WG04/JPLY/RG3_JPLY": "spectrum said to end at 0: near its lossless twin",
    "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/will-jxl.dcm": "no JPEG XL there: equals the JPEG it was",
    f"{_CORNERSTONE}/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm": "near the uncompressed one",
}


@cache
def _table(corpus):
    rows = defaultdict(list)
    with (corpus / "expected_pixels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            rows[row["path"]].append(row)
    return rows


def _digest(samples):
    return hashlib.sha256(samples.astype(samples.dtype.newbyteorder("<")).tobytes()).hexdigest()


def _decode(corpus, path):
    return pixels.decode(read(corpus / path, force=True), as_rgb=False)


def test_every_file_has_the_samples_another_decoder_found(corpus):
    wrong, right = [], 0
    for path, rows in _table(corpus).items():
        if rows[0]["status"] not in {"one", "agree"} or rows[0]["ts"] == _EXTENDED:
            continue
        samples = _decode(corpus, path)
        assert samples.dtype.isnative
        if _digest(samples) in {row["sha256"] for row in rows}:
            right += 1
        else:
            wrong.append(path)
    assert wrong == []
    assert right > 500


def test_where_decoders_differ_ours_is_one_of_them(corpus):
    paths = [path for path, rows in _table(corpus).items() if rows[0]["status"] == "differ"]
    assert len(paths) == 20
    for path in paths:
        digests = {row["sha256"]: row["plugin"] for row in _table(corpus)[path]}
        assert _digest(_decode(corpus, path)) in digests, path


def test_signs_that_disagree_leave_the_bits(corpus):
    """Two of three decoders and GDCM's own table agree; Pillow moves the values by half the range."""
    folder = "pydicom+pylibjpeg-data/ljdata/ds/JPEG2000Lossless"
    unsigned = _decode(corpus, f"{folder}/TOSHIBA_J2K_SIZ1_PixRep0.dcm")
    signed = _decode(corpus, f"{folder}/TOSHIBA_J2K_SIZ0_PixRep1.dcm")
    assert (unsigned.dtype, signed.dtype) == ("uint16", "int16")
    np.testing.assert_array_equal(unsigned.view(np.int16), signed)
    found = pixels.frames(read(corpus / f"{folder}/TOSHIBA_J2K_SIZ1_PixRep0.dcm"))
    found[0]
    assert [finding.code for finding in found.findings] == ["code-stream-sign"]


def test_files_that_others_do_not_decode_are_listed(corpus):
    """What decodes without a decoder to compare with is in the table above, and nothing else is."""
    unlisted = set()
    for path, rows in _table(corpus).items():
        if rows[0]["status"] == "none":
            try:
                _decode(corpus, path)
            except Exception:  # noqa: BLE001 - broken on purpose; what is raised is tested elsewhere
                continue
            unlisted.add(path)
    assert unlisted == set(DIFFERENCES)


@pytest.mark.parametrize(
    ("path", "twin"),
    [
        ("pydicom+pydicom-data/data_store/data/liver_deflate.dcm", "liver_1frame.dcm"),
        ("pydicom+pydicom-data/data_store/data/liver_rle.dcm", None),
        ("pydicom+pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm", None),
        ("pydicom+pydicom/src/pydicom/data/test_files/JPEG-lossy.dcm", "JPGExtended.dcm"),
        ("pydicom+pylibjpeg-data/ljdata/ds/JPEGExtended/RG2_JPLY.dcm", "RG2_JPLY_fixed.dcm"),
    ],
)
def test_twins(corpus, path, twin):
    names = {"liver_deflate.dcm": "liver.dcm", "liver_rle.dcm": "liver.dcm"}
    name = Path(path).name
    other = names.get(name) or (twin or name.replace("_rle", ""))
    found = sorted(corpus.rglob(other))
    np.testing.assert_array_equal(_decode(corpus, path), pixels.decode(read(found[0]), as_rgb=False))


@pytest.mark.parametrize("number", ["JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51",
                                    "JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53",
                                    ])  # fmt: skip
def test_12_bit_of_every_process_is_near_the_original(corpus, number):
    original = _decode(corpus, f"{_CORNERSTONE}/CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm")
    path = corpus / f"{_CORNERSTONE}/CTImage.dcm_{number}.dcm"
    ds = read(path)
    slope, intercept = float(ds.RescaleSlope), float(ds.RescaleIntercept)
    difference = np.abs(pixels.decode(ds) * slope + intercept - (original - 1024.0))
    assert difference.mean() < 4 * slope
    assert difference.max() < 100 * slope


def test_12_bit_equals_dcmtk(corpus, peer, tmp_path):
    """Within 2: inverse transforms may round differently."""
    paths = [path for path, rows in _table(corpus).items() if rows[0]["ts"] == _EXTENDED and rows[0]["status"] == "one"]
    assert len(paths) >= 3
    for path in paths:
        target = tmp_path / "decoded.dcm"
        subprocess.run([peer("dcmdjpeg"), corpus / path, target], check=True, capture_output=True)
        difference = np.abs(_decode(corpus, path).astype(int) - pixels.decode(read(target), as_rgb=False))
        assert difference.max() <= 2, path


@pytest.mark.parametrize("name", ["CT1", "MR2", "NM1", "US1", "RG2", "RG3"])
def test_wg04_lossless_encodings_equal_each_other_and_their_reference(corpus, name):
    files = [
        path
        for path in sorted(corpus.rglob(f"{name}_*"))
        if path.name.removesuffix(".dcm").endswith(("_J2KR", "_JLSL", "_JPLL", "_RLE", "_UNC")) and "WG04" in str(path)
    ]
    raw = corpus / f"{_FIXTURES}/openjpeg/test/fixtures/raw/{name}.RAW"
    decoded = {path.name: pixels.decode(read(path), as_rgb=False) for path in files}
    assert len(decoded) + raw.exists() > 1
    first, *others = decoded.values()
    for other in others:
        np.testing.assert_array_equal(other, first)
    if raw.exists() and name != "US1":  # which is YBR in the data set
        assert first.tobytes() == raw.read_bytes()


def _described(syntax, rows, columns, bits, *, samples=1, signed=False):
    ds = Dataset()
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, samples
    ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation = 8 if bits <= 8 else 16, bits, int(signed)
    ds.PhotometricInterpretation = {1: "MONOCHROME2", 3: "RGB", 4: "CMYK"}[samples]
    ds.file_meta.TransferSyntaxUID = syntax
    return PixelDescription.of(ds)


def _stream(syntax, data, *shape, **more):
    return codec_of(syntax).decode_frame(data, _described(syntax, *shape, **more), 0)


@pytest.mark.parametrize(
    ("stream", "raw", "syntax", "shape", "more"),
    [
        ("openjpeg/test/fixtures/j2k/CT1.j2k", "CT1", "90", (512, 512, 16), {"signed": True}),
        ("openjpeg/test/fixtures/j2k/CT1-0decomp.j2k", "CT1", "90", (512, 512, 16), {"signed": True}),
        ("openjpeg/test/fixtures/j2k/MR2.j2k", "MR2", "90", (1024, 1024, 12), {}),
        ("openjpeg/test/fixtures/j2k/NM1.j2k", "NM1", "90", (1024, 256, 16), {"signed": True}),
        ("openjpeg/test/fixtures/j2k/US1.j2k", "US1", "90", (480, 640, 8), {"samples": 3}),
        ("openjphjs/test/fixtures/j2c/CT1.j2c", "CT1", "201", (512, 512, 16), {"signed": True}),
        ("openjphjs/test/fixtures/j2c/MR2.j2c", "MR2", "201", (1024, 1024, 12), {}),
        ("openjphjs/test/fixtures/j2c/NM1.j2c", "NM1", "201", (1024, 256, 16), {"signed": True}),
        ("charls/test/fixtures/CT1.JLS", "CT1", "80", (512, 512, 16), {"signed": True}),
    ],
)
def test_code_streams_equal_their_raw_samples(corpus, stream, raw, syntax, shape, more):
    data = (corpus / _FIXTURES / stream).read_bytes()
    expected = (corpus / f"{_FIXTURES}/openjpeg/test/fixtures/raw/{raw}.RAW").read_bytes()
    assert _stream(f"1.2.840.10008.1.2.4.{syntax}", data, *shape, **more).samples.tobytes() == expected


def test_jpeg_of_cornerstone(corpus):
    data = (corpus / f"{_FIXTURES}/libjpeg-turbo-8bit/test/fixtures/jpeg/jpeg400jfif.jpg").read_bytes()
    expected = (corpus / f"{_FIXTURES}/libjpeg-turbo-8bit/test/fixtures/raw/jpeg400jfif.raw").read_bytes()
    samples = _stream("1.2.840.10008.1.2.4.50", data, 800, 600, 8).samples
    assert np.abs(samples.astype(int) - np.frombuffer(expected, np.uint8).reshape(800, 600)).max() <= 1
    assert samples.tobytes() == np.asarray(Image.open(io.BytesIO(data))).tobytes()


@pytest.mark.parametrize("stream", ["p1/A1", "p2/A1", "p2/C1", "p2/C2", "p4/E1", "p4/E2", "p14/O1", "p14/O2"])
def test_iso_10918_streams(corpus, stream):
    """Four components of different size; those of sequential and lossless coding show the same picture."""
    data = (corpus / f"{_STREAMS}/10918/{stream}.JPG").read_bytes()
    bits = {"p4/E1": 12, "p4/E2": 12, "p14/O2": 16}.get(stream, 8)
    syntax = "1.2.840.10008.1.2.4." + ("57" if stream.startswith("p14") else "51")
    samples = _stream(syntax, data, 257, 255, bits, samples=4).samples
    lossless = (corpus / f"{_STREAMS}/10918/p14/O1.JPG").read_bytes()
    reference = _stream("1.2.840.10008.1.2.4.57", lossless, 257, 255, 8, samples=4).samples
    difference = np.abs((samples.astype(int) >> bits - 8) - reference)
    assert difference.mean() < (3 if bits > 8 else 8)  # those of 8 bits are quantised coarsely


def test_iso_10918_streams_that_are_no_pictures_of_ours(corpus):
    for name in ("p1/B1", "p1/B2"):  # tables alone; 255 components
        with pytest.raises((CodecError, GeometryError)):
            _stream(_EXTENDED, (corpus / f"{_STREAMS}/10918/{name}.JPG").read_bytes(), 257, 255, 8, samples=4)


@pytest.mark.parametrize("pair", ["T8C0", "T8C1", "T8C2", "T8ND", "T16"])
def test_iso_14495_streams(corpus, pair):
    """The lossless stream and that of an error of 3 at most show the same picture; the three interleavings, too."""
    size, bits = (128, 8) if pair == "T8ND" else (256, 12 if pair == "T16" else 8)
    samples = 3 if "C" in pair else 1
    exact, near = (
        _stream(f"1.2.840.10008.1.2.4.{syntax}", (corpus / f"{_STREAMS}/14495/{name}.JLS").read_bytes(),
                size, size, bits, samples=samples).samples.astype(int)
        for syntax, name in (("80", f"JLS/{pair}E0"), ("81", f"JNL/{pair}E3"))
    )  # fmt: skip
    assert 0 < np.abs(exact - near).max() <= 3
    if "C" in pair:
        first = (corpus / f"{_STREAMS}/14495/JLS/T8C0E0.JLS").read_bytes()
        np.testing.assert_array_equal(exact, imagecodecs.jpegls_decode(first))


def test_iso_14495_streams_of_subsampled_components(corpus):
    data = (corpus / f"{_STREAMS}/14495/JLS/T8SSE0.JLS").read_bytes()
    with pytest.raises(CodecError):
        _stream("1.2.840.10008.1.2.4.80", data, 256, 256, 8, samples=3)


@pytest.mark.parametrize(
    ("stream", "shape", "more"),
    [
        ("2KLS/693", (512, 512, 14), {"signed": True}),
        ("2KLS/oj36", (256, 256, 8), {"samples": 3}),
        ("HTJ2K/Bretagne1_ht", (480, 640, 8), {"samples": 3}),
    ],
)
def test_iso_15444_streams(corpus, stream, shape, more):
    data = (corpus / f"{_STREAMS}/15444/{stream}.j2k").read_bytes()
    found = _stream("1.2.840.10008.1.2.4.91", data, *shape, **more)
    assert found.samples.std() > 2
    subsampled = ["code-stream-subsampled"] if stream == "2KLS/oj36" else []
    assert [finding.code for finding in found.findings] == subsampled


def test_recompressed_jpeg_equals_the_jpeg(corpus):
    ds = read(corpus / "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/will-jxl.dcm")
    found = pixels.frames(ds)
    stream = imagecodecs.jpegxl_decode_jpeg(found.encoded(3))
    np.testing.assert_array_equal(found[3], np.asarray(Image.open(io.BytesIO(stream))))
    direct = imagecodecs.jpegxl_decode(found.encoded(3)).astype(int)
    assert np.abs(found[3] - direct).mean() < 1  # libjxl's own way to these pixels


def test_a_tile_part_that_is_too_short(corpus):
    found = pixels.frames(read(corpus / "pydicom+pylibjpeg-data/ljdata/ds/JPEG2000Lossless/966.dcm"))
    samples = found[0]
    assert [finding.code for finding in found.findings] == ["code-stream-tile-part"]
    # Lossless, so that neighbours are alike down to the last bit plane: a lost packet would show as blocks.
    assert np.abs(np.diff(samples.astype(int), axis=0)).mean() < 50


def test_a_damaged_size_is_found(corpus):
    path = "pydicom+pydicom/src/pydicom/data/test_files/JPEG2000-embedded-sequence-delimiter.dcm"
    with pytest.raises(GeometryError, match="3722445056"):
        _decode(corpus, path)
