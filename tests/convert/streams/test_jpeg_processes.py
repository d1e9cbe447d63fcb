"""JPEG and JPEG-LS of every process: wrapped where a transfer syntax has it, decoded where none has."""

import io
import struct
import subprocess

import imagecodecs
import numpy as np
import pydicom
import pydicom.encaps
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from filmless import pixels
from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError, LimitError

_NATIVE = "1.2.840.10008.1.2.1"


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _after_start(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def _with_process(data: bytes, process: int) -> bytes:
    at = next(at for at in (data.find(bytes([0xFF, 0xC0, 0, size])) for size in (11, 17)) if at > 0)
    return data[: at + 1] + bytes([0xC0 + process]) + data[at + 2 :]


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless(predictor, bits, smooth_grey, smooth_12, jpeg, wrapped):
    values = smooth_grey if bits == 8 else smooth_12 << (bits - 12)
    data = jpeg(values, lossless=True, predictor=predictor, bitspersample=bits)
    ds = wrapped(data, "70" if predictor == 1 else "57")
    assert (ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation) == (8 if bits == 8 else 16, bits, 0)
    assert "LossyImageCompression" not in ds
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), values)
    np.testing.assert_array_equal(ds.pixel_array, values)


def test_lossless_window_is_that_of_the_values(smooth_12, jpeg):
    ds = to_dicom(jpeg(smooth_12, lossless=True, bitspersample=12))
    low, high = int(smooth_12.min()), int(smooth_12.max())
    assert (ds.WindowCenter, ds.WindowWidth) == ((low + high + 1) / 2, high - low + 1)


@pytest.mark.parametrize(("colour", "term"), [("RGB", "RGB"), ("YCBCR", "YBR_FULL")])
def test_lossless_colour(colour, term, smooth, jpeg, wrapped):
    data = jpeg(smooth, lossless=True, bitspersample=8, colorspace=colour, outcolorspace=colour)
    if colour == "YCBCR":
        data = _after_start(data, _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")) if b"JFIF" not in data[:20] else data
    ds = wrapped(data, "70")
    assert ds.PhotometricInterpretation == term
    if term == "RGB":
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), smooth)


def test_extended(smooth_12, smooth_grey, jpeg, wrapped):
    data = jpeg(smooth_12, bitspersample=12, level=98)
    ds = wrapped(data, "51")
    assert (ds.BitsStored, ds.LossyImageCompressionMethod) == (12, "ISO_10918_1")
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), imagecodecs.jpeg8_decode(data))
    data = _with_process(_sequential(smooth_grey), 1)  # 8 bits, which baseline tables do as well
    ds = wrapped(data, "51")
    assert ds.BitsStored == 8


def _sequential(values: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "JPEG", **options)
    return stream.getvalue()


def test_colour_of_the_extended_process_is_decoded(smooth, through_file):
    data = _with_process(_sequential(smooth), 1)
    notices = []
    ds = through_file(data, notices=notices)
    assert (ds.file_meta.TransferSyntaxUID, ds.LossyImageCompression) == (_NATIVE, "01")
    assert [notice.code for notice in notices] == ["decoded"]
    assert "SOF1" in str(notices[0])


def test_ls(smooth, smooth_grey, smooth_12, ls, wrapped):
    assert wrapped(ls(smooth_grey, 8), "80").BitsStored == 8
    ds = wrapped(ls(smooth_12, 12), "80")
    assert (ds.BitsStored, ds.WindowWidth) == (12, int(np.ptp(smooth_12)) + 1)
    np.testing.assert_array_equal(pixels.decode(to_dicom(ls(smooth_12, 12))), smooth_12)
    for mode in (0, 1, 2):
        planes = np.ascontiguousarray(smooth.transpose(2, 0, 1)) if mode == 0 else smooth
        data = ls(planes.reshape(smooth.shape), 8, mode=mode)
        ds = wrapped(data, "80")
        assert ds.PhotometricInterpretation == "RGB"
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), smooth)
    ds = wrapped(ls(smooth_12, 12, error=3), "81")
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_14495_1")
    assert np.abs(ds.pixel_array.astype(int) - smooth_12).max() <= 3


def test_ls_with_mapping_tables_or_colours_of_its_own(smooth, smooth_grey, ls, through_file):
    table = _segment(0xF8, b"\2\1\1" + bytes(range(256)))
    with pytest.raises(ConversionError, match="mapping tables"):
        to_dicom(_after_start(ls(smooth_grey, 8), table))
    transformed = ls(smooth, 8, mode=2)
    data = _after_start(transformed, _segment(0xE8, b"mrfx\1"))
    ds = through_file(data)
    assert ds.file_meta.TransferSyntaxUID == _NATIVE
    np.testing.assert_array_equal(ds.pixel_array[..., 1], smooth[..., 1])


def test_progressive_and_arithmetic_are_not_wrapped(smooth, through_file):
    data = _sequential(smooth, progressive=True)
    notices = []
    ds = through_file(data, notices=notices)
    assert "progressive" in str(notices[0])
    assert ds.file_meta.TransferSyntaxUID == _NATIVE
    np.testing.assert_array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(data))))
    with pytest.raises(ConversionError, match="arithmetic coding"):
        to_dicom(_with_process(_sequential(smooth), 9))  # says arithmetic coding and has Huffman tables


def test_hierarchical_and_two_components_are_refused_by_name(smooth_grey, smooth, jpeg):
    hierarchical = _after_start(_sequential(smooth_grey), _segment(0xDE, bytes(9)))
    with pytest.raises(ConversionError, match="hierarchical"):
        to_dicom(hierarchical)
    data = jpeg(smooth, lossless=True, bitspersample=8, colorspace="RGB", outcolorspace="RGB")
    at = data.index(b"\xff\xc3")
    two = data[: at + 2] + b"\0\x0e" + data[at + 4 : at + 9] + b"\2" + data[at + 10 : at + 16] + data[at + 19 :]
    scan = two.index(b"\xff\xda")
    two = two[: scan + 2] + b"\0\x0a\2" + two[scan + 5 : scan + 9] + two[scan + 11 :]
    with pytest.raises(ConversionError, match="2 components"):
        to_dicom(two)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["baseline", "lossless", "ls"])
def test_turned_ones_are_decoded_upright(orientation, kind, smooth_12, smooth, jpeg, ls, through_file):
    exif = Image.Exif()
    exif[0x0112] = orientation
    tag = _segment(0xE1, exif.tobytes())
    plain = {
        "baseline": _sequential(smooth),
        "lossless": jpeg(smooth_12, lossless=True, bitspersample=12),
        "ls": ls(smooth_12, 12),
    }[kind]
    ds = through_file(_after_start(plain, tag))
    assert (ds.file_meta.TransferSyntaxUID == _NATIVE) == (orientation != 1)
    turned = {5: (0, 1), 6: (0, 1), 7: (0, 1), 8: (0, 1)}.get(orientation)
    upright = smooth if kind == "baseline" else smooth_12
    upright = upright.swapaxes(*turned) if turned else upright
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    assert (ds.Rows, ds.Columns) == upright.shape[:2]
    if kind != "baseline":
        np.testing.assert_array_equal(ds.pixel_array, upright)


def test_orientation_and_resolution_are_those_that_pillow_reads(smooth):
    from filmless.convert.pictures.information import PictureInformation
    from filmless.convert.pictures.jpeg_metadata import information_of
    from filmless.pixels.codecs.jpeg_stream import parse_jpeg

    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = 3, 200.0, 200.0, 2
    little = exif.tobytes()
    kinds = [{}, {"dpi": (300, 150)}, {"dpi": (72, 72), "exif": exif}, {"exif": exif}, {"icc_profile": b"x" * 70_000}]
    for options in kinds:
        data = _sequential(smooth, **options)
        with Image.open(io.BytesIO(data)) as image:
            expected = PictureInformation.of(image)
        assert information_of(data, parse_jpeg(data)) == expected
    big = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    for block, orientations in ((big, {6}), *((little[:cut], {1, 3}) for cut in range(6, len(little)))):
        data = _after_start(_sequential(smooth), _segment(0xE1, block))
        assert information_of(data, parse_jpeg(data)).orientation in orientations


def test_rows_behind_the_first_scan(smooth_grey, through_file):
    """libjpeg reads no DNL segment: the rows are put into the frame header, and nothing else is touched."""
    data = _sequential(smooth_grey)
    at = data.index(b"\xff\xc0") + 5
    rows = data[at : at + 2]
    without = data[:at] + b"\0\0" + data[at + 2 : -2] + _segment(0xDC, rows) + data[-2:]
    notices = []
    ds = through_file(without, notices=notices)
    assert [notice.code for notice in notices] == ["rows-filled-in"]
    (stored,) = pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)
    assert stored.startswith(without[:at] + rows + without[at + 2 :])
    np.testing.assert_array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(pixels.decode(to_dicom(without)), ds.pixel_array)
    with pytest.raises(ConversionError, match="0 rows"):
        to_dicom(data[:at] + b"\0\0" + data[at + 2 :])


def test_fill_bytes_and_other_markers_stay(smooth_grey, wrapped):
    data = _sequential(smooth_grey)
    wrapped(data[:2] + b"\xff\xff\xff" + data[2:], "50")
    wrapped(data[:-2] + b"\xff\xff\xff" + data[-2:], "50", verify=True)


def test_several_pictures_in_one_file(smooth, wrapped):
    first, second = _sequential(smooth), _sequential(smooth[::-1])
    stream = io.BytesIO()
    Image.fromarray(smooth).save(stream, "MPO", save_all=True, append_images=[Image.fromarray(smooth[::-1].copy())])
    notices = []
    data = stream.getvalue()
    end = data.index(b"\xff\xd9") + 2
    wrapped(data, "50", stream=data[:end], notices=notices)
    assert "further-pictures" in [notice.code for notice in notices]
    notices.clear()
    wrapped(first + second, "50", stream=first, notices=notices)
    assert [notice.code for notice in notices] == ["trailing-bytes"]


@pytest.fixture(scope="module")
def restarted(smooth) -> bytes:
    return _sequential(smooth, restart_marker_blocks=1, subsampling=0)


def test_restart_markers_are_counted_and_in_order(restarted, wrapped):
    wrapped(restarted, "50")
    scan = restarted.index(b"\xff\xda")
    places = [
        at for at in range(scan, len(restarted) - 1) if restarted[at] == 0xFF and 0xD0 <= restarted[at + 1] < 0xD8
    ]
    assert len(places) == 6 * 8 - 1
    wrapped(restarted[:-2] + b"\xff\xd7" + restarted[-2:], "50", verify=False)  # one behind the last interval
    damaged = [
        restarted[: places[7]] + restarted[places[8] :],  # an interval is missing
        restarted[: places[20]] + b"\xff\xd9",  # the end is
        restarted[: places[3] + 1] + b"\xd0" + restarted[places[3] + 2 :],  # one has another number
        restarted[: places[3]] + restarted[places[3] + 2 :],
    ]
    for data in damaged:
        with pytest.raises(ConversionError, match="restart markers"):
            to_dicom(data)


def test_the_interval_counts(smooth):
    y = _sequential(np.ascontiguousarray(smooth[..., 0]), restart_marker_blocks=2)
    to_dicom(y)
    with pytest.raises(ConversionError, match="restart markers"):
        to_dicom(y.replace(b"\xff\xdd\0\4\0\2", b"\xff\xdd\0\4\0\3"))


def test_tables_have_to_be_there(smooth_grey):
    data = _sequential(smooth_grey)
    for marker, message in ((0xC4, "Huffman table"), (0xDB, "quantisation table")):
        without = data
        while (at := without.find(bytes([0xFF, marker]))) >= 0 and at < without.index(b"\xff\xda"):
            size = int.from_bytes(without[at + 2 : at + 4], "big")
            without = without[:at] + without[at + 2 + size :]
        with pytest.raises(ConversionError, match=message):
            to_dicom(without)


def test_truncation_of_every_process_is_an_error(smooth_12, smooth_grey, jpeg, ls):
    streams = [
        jpeg(smooth_12, lossless=True, bitspersample=12),
        jpeg(smooth_grey, lossless=True, bitspersample=8),
        jpeg(smooth_12, bitspersample=12),
        ls(smooth_12, 12),
        ls(smooth_grey, 8),
    ]
    for data in streams:
        for size in [*range(3, 40), *range(40, len(data) - 1, 23), len(data) - 2, len(data) - 1]:
            with pytest.raises(ConversionError):
                to_dicom(data[:size])


def test_what_is_decoded_to_verify_it_is_whole(smooth_grey, smooth_12, jpeg, ls):
    for values, bits in ((smooth_grey, 8), (smooth_12, 12)):
        for data in (jpeg(values, lossless=True, bitspersample=bits), ls(values, bits)):
            to_dicom(data, verify=True)
            with pytest.raises(ConversionError):
                to_dicom(data[: len(data) // 2].rstrip(b"\xff") + b"\xff\xd9", verify=True)


def test_a_million_markers():
    with pytest.raises(LimitError, match="segments"):
        to_dicom(b"\xff\xd8" + b"\xff\xe0\0\2" * 1_000_000)
    with pytest.raises((ConversionError, LimitError)):
        to_dicom(b"\xff\xd8" + b"\xff" * 30_000_000)
    frame = _segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\1\x11\0")
    with pytest.raises((ConversionError, LimitError)):
        to_dicom(b"\xff\xd8" + frame + _segment(0xDA, b"\1\1\0\0\x3f\0") + b"\xff\xd0" * 1_000_000 + b"\xff\xd9")
    with pytest.raises((ConversionError, LimitError)):
        to_dicom(b"\xff\xd8" + frame + _segment(0xDA, b"\1\1\0\0\x3f\0") + b"\xff" * 30_000_000)


@given(data=st.data())
@settings(max_examples=150)
def test_damage_is_read_or_a_typed_error(data, smooth_12, smooth, jpeg, ls):
    streams = [jpeg(smooth_12, lossless=True, bitspersample=12), ls(smooth, 8, mode=2), _sequential(smooth)]
    damaged = bytearray(data.draw(st.sampled_from(streams)))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(2, min(len(damaged), 800) - 1))] = data.draw(st.integers(0, 255))
    try:
        ds = to_dicom(bytes(damaged), max_pixels=1 << 20, verify=data.draw(st.booleans()))
    except DicomError:
        return
    assert ds.Rows * ds.Columns <= 1 << 20


def test_dcmtk_sees_the_same_pixels(smooth, smooth_12, jpeg, ls, peer, tmp_path):
    streams = {
        "dcmdjpeg": [jpeg(smooth_12, lossless=True, bitspersample=12, predictor=6), jpeg(smooth_12, bitspersample=12)],
        "dcmdjpls": [ls(smooth_12, 12), ls(smooth, 8, mode=2), ls(smooth_12, 12, error=2)],
    }
    for program, each in streams.items():
        for data in each:
            source, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
            ds = to_dicom(data)
            ds.save_as(source)
            subprocess.run([peer(program), source, target], check=True, capture_output=True)
            np.testing.assert_array_equal(pydicom.dcmread(target).pixel_array, pixels.decode(ds))
