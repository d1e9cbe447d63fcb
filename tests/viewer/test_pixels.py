"""What the canvas shows is what `filmless.pixels.render` draws: a file for each transfer syntax and colour model.

The table of docs/viewer-pixels.md has the same rows.
"""

import base64
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmless import Dataset, read, write
from filmless.archive import Archive
from filmless.pixels import render
from filmless.server import Server, read_settings

from .conftest import Viewer

FILES = Path(pydicom.data.__file__).parent / "test_files"
CORPUS = Path(os.environ.get("FILMLESS_CORPUS", ""))
DOCS = Path(__file__).parents[2] / "docs" / "viewer-pixels.md"
ROOT = "1.2.826.0.1.3680043.9.7433.7"


class Row(NamedTuple):
    """A file, and by how many grey levels the canvas may be off."""

    shows: str
    file: str
    within: int = 1
    change: Callable[[Dataset], None] | None = None


def said(**attributes: Any) -> Callable[[Dataset], None]:
    """Change a file: set these attributes."""

    def change(ds: Dataset) -> None:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)

    return change


def lut(sequence: str, first: int, table: NDArray[np.uint16], bits: int) -> Callable[[Dataset], None]:
    """Change a file: give it a lookup table."""

    def change(ds: Dataset) -> None:
        item = Dataset()
        item.LUTDescriptor, item.LUTData = [len(table), first, bits], table.tobytes()
        if sequence == "ModalityLUTSequence":
            item.ModalityLUTType = "US"
            for keyword in ("RescaleSlope", "RescaleIntercept"):
                if keyword in ds:
                    del ds[keyword]
        setattr(ds, sequence, [item])

    return change


def without_windows(ds: Dataset) -> None:
    """Change a file: leave out the windows of its frames."""
    for group in (ds.SharedFunctionalGroupsSequence[0], *ds.PerFrameFunctionalGroupsSequence):
        if "FrameVOILUTSequence" in group:
            del group.FrameVOILUTSequence


def floats(**attributes: Any) -> Callable[[Dataset], None]:
    """Change a file: make floats of its values, most of them between 0 and 1."""

    def change(ds: Dataset) -> None:
        values = np.frombuffer(bytes(ds.PixelData), "<i2")
        for keyword in (
            "PixelData",
            "PixelRepresentation",
            "BitsStored",
            "HighBit",
            "RescaleSlope",
            "RescaleIntercept",
        ):
            del ds[keyword]
        ds.BitsAllocated = 32
        ds.FloatPixelData = ((values - 200.0) / 1500).astype("<f4").tobytes()
        said(**attributes)(ds)

    return change


def of_one_value(value: int, kind: str = "<u2", **attributes: Any) -> Callable[[Dataset], None]:
    """Change a file: leave one value in it."""

    def change(ds: Dataset) -> None:
        dtype = np.dtype(kind)
        ds.BitsAllocated = ds.BitsStored = 8 * dtype.itemsize
        ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(dtype.kind == "i")
        ds.PixelData = np.full(ds.Rows * ds.Columns, value, dtype).tobytes()
        for keyword in ("WindowCenter", "WindowWidth"):
            if keyword in ds:
                del ds[keyword]
        said(**attributes)(ds)

    return change


def with_more_bits(*, is_overlay: bool) -> Callable[[Dataset], None]:
    """Change a file: samples of 12 bits, and an overlay above them."""

    def change(ds: Dataset) -> None:
        values = np.frombuffer(bytes(ds.PixelData), "<u2") & 0xFFF
        overlay = (np.arange(values.size) % 7 == 0).astype(np.uint16)
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
        ds.PixelData = (values | overlay << 15).astype("<u2").tobytes()
        if is_overlay:
            ds[0x6000_0010], ds[0x6000_0011], ds[0x6000_0040] = ds.Rows, ds.Columns, "G"
            ds[0x6000_0050], ds[0x6000_0100], ds[0x6000_0102] = [1, 1], 16, 15

    return change


def signed_bytes(ds: Dataset) -> None:
    """Change a file: samples of a byte, from -128 to 127."""
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 1
    ds.PixelData = np.resize(np.arange(-128, 128, dtype="i1"), ds.Rows * ds.Columns).tobytes()
    for keyword in ("WindowCenter", "WindowWidth"):
        del ds[keyword]


CURVE = (65535 * np.linspace(0, 1, 1024) ** 0.5).astype(np.uint16)
WAVE = (32767 * (1 + np.sin(np.linspace(0, 9, 700)))).astype(np.uint16)

ROWS = [
    Row("explicit little endian, signed, rescaled, no window", "CT_small.dcm"),
    Row("implicit little endian, a window", "MR_small_implicit.dcm"),
    Row("explicit big endian", "MR_small_bigendian.dcm"),
    Row("deflated", "image_dfl.dcm"),
    Row("RLE, 16 bits", "MR_small_RLE.dcm"),
    Row("RLE, RGB", "SC_rgb_rle.dcm"),
    Row("RLE, RGB of 16 bits", "SC_rgb_rle_16bit.dcm"),
    Row("RLE, 32 bits", "rtdose_rle_1frame.dcm"),
    Row("JPEG baseline, YBR_FULL", "SC_rgb_dcmtk_+eb+cy+n1.dcm", 2),
    Row("JPEG baseline, YBR_FULL, other sampling", "SC_rgb_dcmtk_+eb+cy+n2.dcm", 2),
    Row("JPEG baseline, YBR_FULL_422", "SC_rgb_dcmtk_+eb+cy+np.dcm", 2),
    Row("JPEG baseline, 4:1:1", "SC_rgb_dcmtk_+eb+cy+s4.dcm", 2),
    Row("JPEG baseline, odd size", "SC_rgb_small_odd_jpeg.dcm", 2),
    Row("JPEG baseline, RGB that was not transformed", "SC_rgb_dcmtk_+eb+cr.dcm", 2),
    Row("JPEG baseline, no colour transform", "SC_jpeg_no_color_transform.dcm", 2),
    Row("JPEG extended, 12 bits", "JPGExtended.dcm"),
    Row("JPEG lossless, RGB", "SC_rgb_jpeg_gdcm.dcm"),
    Row("JPEG-LS lossless", "MR_small_jpeg_ls_lossless.dcm"),
    Row("JPEG-LS near-lossless, 8 bits", "JPEGLSNearLossless_08.dcm"),
    Row("JPEG-LS near-lossless, 16 bits", "JPEGLSNearLossless_16.dcm"),
    Row("JPEG-LS near-lossless, RGB", "SC_rgb_jls_lossy_line.dcm", 2),
    Row("JPEG 2000 lossless", "MR_small_jp2klossless.dcm"),
    Row("JPEG 2000 lossless, signed but labelled unsigned", "J2K_pixelrep_mismatch.dcm"),
    Row("JPEG 2000 lossless, YBR_RCT", "GDCMJ2K_TextGBR.dcm"),
    Row("JPEG 2000, signed", "JPEG2000.dcm"),
    Row("JPEG 2000, signed, 14 bits", "693_J2KI.dcm"),
    Row("JPEG 2000, RGB", "SC_rgb_gdcm_KY.dcm", 2),
    Row("RGB", "SC_rgb_small_odd.dcm"),
    Row("YBR_FULL_422, native", "SC_ybr_full_422_uncompressed.dcm"),
    Row("palette colour", "examples_palette.dcm"),
    Row("1 bit", "liver_1frame.dcm"),
    Row("1 bit, big endian", "liver_expb_1frame.dcm"),
    Row("32 bits", "rtdose_1frame.dcm"),
    Row("bits above the samples that are not zero", "MR_small.dcm", change=with_more_bits(is_overlay=False)),
    Row("an overlay in bits above the samples", "MR_small.dcm", change=with_more_bits(is_overlay=True)),
    Row("padding, no window", "MR_small_padded.dcm"),
    Row("padding, MONOCHROME1", "MR_small_padded.dcm", change=said(PhotometricInterpretation="MONOCHROME1")),
    Row("MONOCHROME1", "CT_small.dcm", change=said(PhotometricInterpretation="MONOCHROME1")),
    Row("window LINEAR", "CT_small.dcm", change=said(WindowCenter=40, WindowWidth=400)),
    Row("window LINEAR, narrow", "CT_small.dcm", change=said(WindowCenter=40, WindowWidth=2)),
    Row(
        "window LINEAR_EXACT",
        "CT_small.dcm",
        change=said(WindowCenter=40, WindowWidth=10, VOILUTFunction="LINEAR_EXACT"),
    ),
    Row("window SIGMOID", "CT_small.dcm", change=said(WindowCenter=40, WindowWidth=400, VOILUTFunction="SIGMOID")),
    Row(
        "window SIGMOID, MONOCHROME1",
        "MR_small.dcm",
        change=said(
            WindowCenter=600, WindowWidth=900, VOILUTFunction="SIGMOID", PhotometricInterpretation="MONOCHROME1"
        ),
    ),
    Row("window LINEAR of width 1, which is a threshold", "CT_small.dcm", change=said(WindowCenter=40, WindowWidth=1)),
    Row("floats", "CT_small.dcm", change=floats()),
    Row("floats, window LINEAR", "CT_small.dcm", change=floats(WindowCenter=1.2, WindowWidth=1.25)),
    Row("floats, a threshold", "CT_small.dcm", change=floats(WindowCenter=0.7, WindowWidth=1)),
    Row(
        "floats, window LINEAR_EXACT",
        "CT_small.dcm",
        change=floats(WindowCenter=0.5, WindowWidth=0.125, VOILUTFunction="LINEAR_EXACT"),
    ),
    Row(
        "floats, window SIGMOID, MONOCHROME1",
        "CT_small.dcm",
        change=floats(
            WindowCenter=0.5, WindowWidth=0.25, VOILUTFunction="SIGMOID", PhotometricInterpretation="MONOCHROME1"
        ),
    ),
    Row("one value", "MR_small.dcm", change=of_one_value(7)),
    Row("one value, signed and rescaled", "CT_small.dcm", change=of_one_value(-7, "<i2")),
    Row("one value, 8 bits", "MR_small.dcm", change=of_one_value(7, "u1")),
    Row("one value, 8 bits, signed", "MR_small.dcm", change=of_one_value(-7, "i1")),
    Row("one value, MONOCHROME1", "MR_small.dcm", change=of_one_value(7, PhotometricInterpretation="MONOCHROME1")),
    Row("one value, with a window", "MR_small.dcm", change=of_one_value(7, WindowCenter=8, WindowWidth=4)),
    Row("one value, a threshold", "MR_small.dcm", change=of_one_value(7, WindowCenter=7, WindowWidth=1)),
    Row("a fraction as slope", "CT_small.dcm", change=said(RescaleSlope=0.013, RescaleIntercept=-7.5)),
    Row("signed, 8 bits", "MR_small.dcm", change=signed_bytes),
    Row("a slope below 0", "MR_small.dcm", change=said(RescaleSlope=-1, RescaleIntercept=0, WindowCenter=-600)),
    Row("a VOI LUT", "CT_small.dcm", change=lut("VOILUTSequence", -500, CURVE, 16)),
    Row("a VOI LUT that goes up and down", "CT_small.dcm", change=lut("VOILUTSequence", -500, WAVE, 16)),
    Row("a modality LUT", "MR_small.dcm", change=lut("ModalityLUTSequence", 0, WAVE, 16)),
    Row("a presentation LUT", "CT_small.dcm", change=lut("PresentationLUTSequence", 0, CURVE[::4] >> 8, 8)),
]
MORE = [
    Row("deflated, 16 bits", "cornerstonejs+cornerstone3D/packages/dicomImageLoader/testImages/CTImage.dcm_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm"),  # noqa: E501
    Row("JPEG baseline, grey", "pydicom+pylibjpeg-data/ljdata/ds/JPEGBaseline/JPEGBaseline_1s_1f_u_08_08.dcm"),
    Row("JPEG extended, 10 bits", "pydicom+pylibjpeg-data/ljdata/ds/JPEGExtended/RG2_JPLY_fixed.dcm"),
    Row("JPEG extended, YBR_FULL", "pydicom+pylibjpeg-data/ljdata/ds/JPEGExtended/JPEGExtended_3s_1f_u_08_08.dcm", 2),
    Row("JPEG lossless, signed", "pydicom+pydicom-data/data_store/data/JPEG-LL.dcm"),
    Row("JPEG lossless, any predictor", "cornerstonejs+dicomParser/testImages/encapsulated/multi-frame/CT0012.fragmented_no_bot_jpeg_lossless.57.dcm"),  # noqa: E501
    Row("JPEG lossless, 8 bits", "pydicom+pydicom-data/data_store/data/JPGLosslessP14SV1_1s_1f_8b.dcm"),
    Row("JPEG-LS, 7 bits", "pydicom+pydicom-data/data_store/data/JLSL_08_07_0_1F.dcm"),
    Row("JPEG-LS, signed, 15 bits", "pydicom+pydicom-data/data_store/data/JLSL_16_15_1_1F.dcm"),
    Row("JPEG-LS, RGB", "pydicom+pydicom-data/data_store/data/JLSL_RGB_ILV0.dcm"),
    Row("JPEG-LS, palette colour", "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/jpeg-ls-Palette.dcm"),
    Row("JPEG 2000 lossless, MONOCHROME1", "pydicom+pydicom-data/data_store/data/RG3_J2KR.dcm"),
    Row("JPEG 2000, 1 bit", "pydicom+pydicom-data/data_store/data/liver_j2k.dcm"),
    Row("JPEG 2000, YBR_ICT", "pydicom+pydicom-data/data_store/data/US1_J2KI.dcm", 2),
    Row("HTJ2K lossless, RGB", "pydicom+pydicom-data/data_store/data/HTJ2KLossless_08_RGB.dcm"),
    Row("RLE, YBR_FULL", "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/YBR_FULL-RLE.dcm"),
    Row("YBR_FULL, native", "pydicom+pydicom-data/data_store/data/SC_ybr_full_uncompressed.dcm"),
    Row("palette colour, 16 bits", "pydicom+pydicom-data/data_store/data/gdcm-US-ALOKA-16.dcm"),
    Row("enhanced CT, supplemental palette", "pydicom+pydicom-data/data_store/data/eCT_Supplemental.dcm"),
    Row("enhanced MR, big endian", "pydicom+pydicom-data/data_store/data/emri_small_big_endian.dcm"),
    Row("signed, 9 bits", "nroduit+weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/signed-raw-9bit.dcm"),  # noqa: E501
    Row("float, no window", "pydicom+pydicom-data/data_store/data/parametric_map_float.dcm", change=without_windows),
]  # fmt: skip
CANVAS = """() => document.querySelector('[data-cell="0"] canvas').toDataURL('image/png')"""
GO = """(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"""


def prepare(row: Row, number: int) -> Dataset:
    """Read the file of a row, and give it UIDs of its own: many of them share theirs."""
    path = FILES / row.file
    ds = read(path if path.is_file() else CORPUS / row.file)
    ds.StudyInstanceUID = ds.SeriesInstanceUID = f"{ROOT}.{number}"
    ds.SOPInstanceUID = f"{ROOT}.{number}.1"
    # The pictures of others are not looked at as these.
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID, ds.file_meta.MediaStorageSOPClassUID = ds.SOPInstanceUID, ds.SOPClassUID
    if row.change is not None:
        row.change(ds)
    return ds


class Looking:
    """A browser that looks at one file after another, on a server with all of them."""

    def __init__(self, viewer: Viewer, rows: list[Row]) -> None:
        self.viewer, self.rows = viewer, rows
        viewer.page.set_default_timeout(60_000)
        viewer.open()

    def canvas(self, row: Row) -> NDArray[np.uint8]:
        """Show the first frame of a file, a pixel of it as one of the canvas, and read that."""
        page, number = self.viewer.page, self.rows.index(row)
        page.evaluate(GO, f"/view/{ROOT}.{number}?series={ROOT}.{number}&image=1")
        shown = f'[data-series="{ROOT}.{number}"]'
        page.wait_for_selector(shown)
        page.keyboard.press("=")
        page.keyboard.press("n")
        page.wait_for_selector(f'{shown}[data-scale="1.000"][data-smooth="false"]')
        _, coded = page.evaluate(CANVAS).split(",", 1)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(coded))).convert("RGB"))


@pytest.fixture(scope="module")
def looking(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looking]:
    folder = tmp_path_factory.mktemp("pixels")
    rows = [*ROWS, *(MORE if CORPUS.is_dir() and CORPUS.name else [])]
    with Archive(folder / "archive") as archive:
        for number, row in enumerate(rows):
            write(prepare(row, number), folder / "file.dcm", repair=True)
            archive.store(folder / "file.dcm")
    settings = read_settings(given={"data": folder / "archive", "http.port": 0, "logs.level": "error"})
    with Server(settings) as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        viewer = Viewer(context.new_page(), server.addresses.urls[0])
        yield Looking(viewer, rows)
        context.close()
    assert viewer.complaints == []


def on_screen(picture: NDArray[np.uint8], height: int, width: int) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Return the part of a picture in the middle of a canvas that is seen, and where it is there."""
    seen, places = [], []
    for size, room in zip(picture.shape[:2], (height, width), strict=True):
        first = int(np.floor((room - size) / 2 + 0.49))
        seen.append(slice(max(0, -first), min(size, room - first)))
        places.append(slice(max(0, first), max(0, first) + seen[-1].stop - seen[-1].start))
    return picture[seen[0], seen[1]], (places[0], places[1])


@pytest.mark.parametrize("row", [*ROWS, *MORE], ids=lambda row: row.shows)
def test_the_canvas_is_what_render_draws(looking: Looking, row: Row) -> None:
    if row not in looking.rows:
        pytest.skip("FILMLESS_CORPUS is not set")
    expected = render(prepare(row, 0), overlays=False)
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=-1)
    canvas = looking.canvas(row)
    seen, place = on_screen(expected, *canvas.shape[:2])
    if folder := os.environ.get("FILMLESS_SCREENSHOTS"):
        np.savez(Path(folder) / "pixels.npz", canvas=canvas, expected=expected, row=row.shows)
    off = np.abs(canvas[place].astype(int) - seen.astype(int))
    assert off.max() <= row.within, f"{(off > row.within).mean():.2%} of the pixels are off by up to {off.max()}"


def test_the_docs_list_the_rows() -> None:
    text = DOCS.read_text()
    for row in (*ROWS, *MORE):
        assert f"| {row.shows} |" in text
