"""What DCMTK, dciodvfy and pydicom say of the pictures of every format."""

import io
import subprocess

import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image

from filmless.convert import to_dicom

_SOURCES = [
    *("apng", "png-16-rgb", "png-palette", "gif", "gif-grey", "bmp", "webp", "webp-lossless"),
    *("tiff-pages", "tiff-16-pages", "tiff-12", "tiff-cmyk", "tiff-fax"),
]


def _rgb(image):
    return np.asarray(image.convert("RGB"))


@pytest.fixture(params=_SOURCES)
def source(request, photo, grey, grey16, rgb, encode, png, rng):
    """A picture, and the samples of it that are expected."""
    frames = [photo, photo.rotate(180), photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    greys = [frame.convert("L") for frame in frames]
    stack = np.stack([np.asarray(frame) for frame in frames])
    twelve, deep, fax = grey16 >> 4, np.stack([grey16, grey16 // 2]), photo.convert("1")

    def animated(pictures, format_name, **options):
        stream = io.BytesIO()
        pictures[0].save(stream, format_name, save_all=True, append_images=pictures[1:], **options)
        return stream.getvalue()

    def tiff(array, **options):
        stream = io.BytesIO()
        tifffile.imwrite(stream, array, metadata=None, **options)
        return stream.getvalue()

    def shown(data):
        return _rgb(Image.open(io.BytesIO(data)))

    gif, webp = [frame.quantize(30) for frame in frames], encode(photo, "WEBP")
    return {
        "apng": lambda: (animated(frames, "PNG", duration=40), stack),
        "png-16-rgb": lambda: (png(rgb.astype(int) * 257, 16, 2), rgb.astype(np.uint16) * 257),
        "png-palette": lambda: (encode(gif[0], "PNG"), shown(encode(gif[0], "PNG"))),
        "gif": lambda: (animated(gif, "GIF", duration=[50, 60, 70]), np.stack([_rgb(frame) for frame in gif])),
        "gif-grey": lambda: (animated(greys, "GIF", duration=40), np.stack([np.asarray(frame) for frame in greys])),
        "bmp": lambda: (encode(photo.convert("P"), "BMP"), shown(encode(photo.convert("P"), "BMP"))),
        "tiff-pages": lambda: (animated(frames, "TIFF", compression="tiff_lzw"), stack),
        "tiff-16-pages": lambda: (tiff(deep, photometric="minisblack"), deep),
        "tiff-12": lambda: (tiff(twelve, photometric="minisblack"), twelve),
        "tiff-cmyk": lambda: (encode(photo.convert("CMYK"), "TIFF"), shown(encode(photo.convert("CMYK"), "TIFF"))),
        "tiff-fax": lambda: (encode(fax, "TIFF", compression="group4"), np.asarray(fax.convert("L"))),
        "webp": lambda: (webp, shown(webp)),
        "webp-lossless": lambda: (encode(photo, "WEBP", lossless=True), np.asarray(photo)),
    }[request.param]()  # fmt: skip


def test_peers_see_the_same_picture(source, peer, tmp_path):
    data, expected = source
    path = tmp_path / "converted.dcm"
    to_dicom(data, PatientName="Doe^Zoë", PatientID="42").save_as(path)

    ds = pydicom.dcmread(path)
    np.testing.assert_array_equal(ds.pixel_array, expected)

    told = subprocess.run([peer("dciodvfy"), "-new", path], capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    assert any("SCImage" in line for line in lines), "dciodvfy did not recognise the object"
    assert [line for line in lines if line.startswith("Error")] == []

    dumped = subprocess.run([peer("dcmdump"), path], capture_output=True, text=True, check=True)
    assert "PixelData" in dumped.stdout
    assert not dumped.stderr

    if expected.dtype == np.uint8:
        output = tmp_path / "out.pnm"
        last = [] if "NumberOfFrames" not in ds else ["--frame", str(ds.NumberOfFrames)]
        subprocess.run(
            [peer("dcm2pnm"), "--ignore-aspect", "--write-raw-pnm", *last, path, output],
            check=True,
            capture_output=True,
        )
        theirs = np.asarray(Image.open(output))
        np.testing.assert_array_equal(theirs, expected[-1] if last else expected)
