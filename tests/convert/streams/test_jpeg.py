"""JPEG: bit for bit where it can be, decoded where it must be, and what it carries told."""

import io

import imagecodecs
import numpy as np
import pydicom.encaps
import pytest
from PIL import Image, ImageCms

from filmless import pixels
from filmless.convert import to_dicom

_BASELINE = "1.2.840.10008.1.2.4.50"


def _stream(ds):
    (frame,) = pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)
    return frame


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_baseline_goes_in_bit_for_bit(subsampling, photo, encode, through_file):
    data = encode(photo, "JPEG", subsampling=subsampling)
    ds = through_file(data)
    assert ds.file_meta.TransferSyntaxUID == _BASELINE
    assert ds.PhotometricInterpretation == "YBR_FULL_422"
    assert _stream(ds) == data + b"\0" * (len(data) % 2)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert ds.LossyImageCompressionRatio == pytest.approx(48 * 64 * 3 / len(data), rel=1e-3)
    # The same as Pillow, to the bit: one decoder, one rounding.
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), np.asarray(Image.open(io.BytesIO(data))))


def test_grey_and_rgb(photo, grey, encode, through_file):
    ds = through_file(encode(grey, "JPEG"))
    assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == (_BASELINE, "MONOCHROME2")
    data = encode(photo, "JPEG", keep_rgb=True)
    ds = through_file(data)
    assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == (_BASELINE, "RGB")
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), np.asarray(Image.open(io.BytesIO(data))))


def test_others_are_decoded(photo, encode, through_file):
    for data in (encode(photo, "JPEG", progressive=True), encode(photo.convert("CMYK"), "JPEG")):
        ds = through_file(data)
        assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == ("1.2.840.10008.1.2.1", "RGB")
        np.testing.assert_array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
        assert ds.LossyImageCompression == "01"
        notices = []
        to_dicom(data, notices=notices)
        assert [notice.code for notice in notices] == ["decoded"]


def test_lossless_and_12_bits(grey16, through_file):
    values = grey16 >> 4
    ds = through_file(imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=12))
    assert (ds.BitsAllocated, ds.BitsStored) == (16, 12)
    assert "LossyImageCompression" not in ds
    np.testing.assert_array_equal(ds.pixel_array, values)
    ds = through_file(imagecodecs.jpeg8_encode(values, bitspersample=12, level=100))
    assert (ds.BitsStored, ds.LossyImageCompression) == (12, "01")


def _loaded(photo, encode):
    exif = Image.Exif()
    exif[0x010E] = "SECRET NAME"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(photo, "JPEG", exif=exif, comment=b"SECRET COMMENT", icc_profile=profile, xmp=b"<SECRET xmp/>")
    iptc = b"Photoshop 3.0\0SECRET IPTC"
    thumbnail = b"JFXX\0\x10SECRET"
    extra = b"".join(
        bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in ((0xED, iptc), (0xE0, thumbnail), (0xE5, b"SECRET MAKER"))
    )
    return data[:20] + extra + data[20:], profile  # behind JFIF


def test_metadata_is_told_and_stripped(photo, encode):
    data, profile = _loaded(photo, encode)
    notices = []
    kept = _stream(to_dicom(data, notices=notices))
    assert kept.startswith(data)
    codes = {"application-data", "comment", "exif", "iptc", "thumbnail", "xmp"}
    assert [notice.code for notice in notices] == sorted(f"embedded-{code}" for code in codes)
    assert not any("SECRET" in str(notice) for notice in notices)

    notices.clear()
    ds = to_dicom(data, strip_metadata=True, notices=notices)
    assert notices == []
    stripped = _stream(ds)
    assert b"SECRET" not in stripped
    assert stripped[:20] == data[:20]
    scan = data.index(b"\xff\xda")
    assert stripped.rstrip(b"\0").endswith(data[scan:])
    assert b"ICC_PROFILE" in stripped
    assert ds.ICCProfile.startswith(profile)
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), np.asarray(Image.open(io.BytesIO(data))))


def test_thumbnail_in_jfif_is_stripped(photo, encode):
    data = encode(photo, "JPEG")
    body = data[6:18] + b"\x01\x01SEC"  # a thumbnail of one pixel
    data = data[:2] + b"\xff\xe0" + (len(body) + 2).to_bytes(2, "big") + body + data[20:]
    notices = []
    assert b"SEC" in _stream(to_dicom(data, notices=notices))
    assert [notice.code for notice in notices] == ["embedded-thumbnail"]
    stripped = _stream(to_dicom(data, strip_metadata=True))
    assert b"SEC" not in stripped
    assert Image.open(io.BytesIO(stripped)).size == photo.size


def test_bytes_behind_the_end_are_left_out(photo, encode):
    data = encode(photo, "JPEG")
    notices = []
    assert b"SECRET" not in _stream(to_dicom(data + b"SECRET second picture", notices=notices))
    assert [notice.code for notice in notices] == ["trailing-bytes"]
