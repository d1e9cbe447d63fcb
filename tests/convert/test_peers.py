"""What others say of our files: dciodvfy finds no error, DCMTK and pydicom see the same pixels."""

import io
import subprocess

import numpy as np
import pydicom
import pytest
from PIL import Image

from filmless import pixels, read
from filmless.convert import to_dicom

_SOURCES = [
    "grey", "grey16", "rgb", "rgb16", "signed", "palette", "alpha", "jpeg", "jpeg-444", "jpeg-grey", "jpeg-rgb",
    "jpeg-progressive", "icc", "scan", "oblong", "frames", "frames16", "frames-rgb", "many-frames",
]  # fmt: skip


@pytest.fixture(params=_SOURCES)
def converted(request, tmp_path, grey, grey16, rgb, photo, encode):
    """A file of each kind that to_dicom makes."""
    stack = np.stack([grey, grey[::-1], grey // 2])
    profile = None
    if request.param == "icc":
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source, header = {
        "grey": lambda: (encode(grey, "PNG"), {}),
        "grey16": lambda: (encode(grey16, "PNG"), {}),
        "rgb": lambda: (encode(rgb, "BMP"), {}),
        "rgb16": lambda: (rgb.astype(np.uint16) * 256, {}),
        "signed": lambda: (grey16.astype(np.int16), {}),
        "palette": lambda: (encode(photo.quantize(9), "GIF"), {}),
        "alpha": lambda: (encode(photo.convert("RGBA"), "PNG"), {}),
        "jpeg": lambda: (encode(photo, "JPEG"), {}),
        "jpeg-444": lambda: (encode(photo, "JPEG", subsampling=0), {}),
        "jpeg-grey": lambda: (encode(grey, "JPEG"), {}),
        "jpeg-rgb": lambda: (encode(photo, "JPEG", keep_rgb=True), {}),
        "jpeg-progressive": lambda: (encode(photo, "JPEG", progressive=True), {}),
        "icc": lambda: (encode(rgb, "PNG", icc_profile=profile), {}),
        "scan": lambda: (encode(grey, "PNG", dpi=(300, 300)), {"ConversionType": "SD"}),
        "oblong": lambda: (encode(grey, "PNG", dpi=(200, 100)), {}),
        "frames": lambda: (stack, {}),
        "frames16": lambda: (stack.astype(np.uint16) * 99, {"FrameTime": 40}),
        "frames-rgb": lambda: (np.stack([rgb, rgb[::-1]]), {}),
        "many-frames": lambda: (np.zeros((10_000, 2, 2), np.uint8), {}),
    }[request.param]()
    path = tmp_path / "converted.dcm"
    to_dicom(source, PatientName="Doe^Zoë", PatientID="42", **header).save_as(path)
    return path


def test_dciodvfy_finds_no_error(converted, peer):
    told = subprocess.run([peer("dciodvfy"), "-new", converted], capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    assert any("SCImage" in line for line in lines), "dciodvfy did not recognise the object"
    assert [line for line in lines if line.startswith("Error")] == []


def test_dcmtk_reads_the_same_pixels(converted, peer, tmp_path):
    ds = pydicom.dcmread(converted)
    jpeg = ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    program = "dcmj2pnm" if jpeg else "dcm2pnm"
    output = tmp_path / "out.pnm"
    window = ["--use-window", "1"] if "WindowCenter" in ds else []
    subprocess.run(
        [peer(program), *window, "--ignore-aspect", "--write-raw-pnm", "--frame", "1", converted, output],
        check=True, capture_output=True,
    )  # fmt: skip
    theirs = np.asarray(Image.open(output)).astype(int)
    ours = pixels.render(read(converted), 0).astype(int)
    # DCMTK interpolates chroma otherwise, and rounds 16 bits to 8 by another rule.
    tolerance = 6 if jpeg and ds.SamplesPerPixel == 3 and ds.PhotometricInterpretation != "RGB" else 1
    assert np.abs(theirs - ours).max() <= (tolerance if jpeg or ds.BitsAllocated == 16 else 0)


def test_pydicom_reads_the_same_pixels(converted):
    ds = pydicom.dcmread(converted)
    ds.pixel_array_options(decoding_plugin="pillow" if ds.file_meta.TransferSyntaxUID.is_compressed else "")
    theirs, ours = ds.pixel_array, pixels.decode(read(converted))
    assert (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
    # Pillow converts to RGB inside of libjpeg; our integer arithmetic is the same.
    assert np.abs(theirs.astype(int) - ours.astype(int)).max() <= 1


def test_stream_inside_is_the_file(peer, photo, encode, tmp_path):
    data = encode(photo, "JPEG")
    to_dicom(data).save_as(tmp_path / "a.dcm")
    subprocess.run([peer("dcmdump"), "+W", tmp_path, tmp_path / "a.dcm"], check=True, capture_output=True)
    assert any(data == raw.read_bytes()[: len(data)] for raw in tmp_path.glob("*.raw"))
    assert Image.open(io.BytesIO(data)).size == photo.size
