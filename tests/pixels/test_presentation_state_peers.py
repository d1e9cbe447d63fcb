"""Presentation states as DCMTK renders them, and as DCMTK and highdicom write them."""

import hashlib
import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, read
from filmless.file import write
from filmless.pixels import render
from filmless.pixels.annotations import Graphic, Label, annotations_of
from filmless.pixels.presentation_state import PresentationState

WEASIS = "nroduit+weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img"


def ours(ds: Dataset, state: Dataset) -> np.ndarray:
    return render(ds, presentation_state=state).astype(int)


@pytest.fixture
def theirs(peer: Callable[[str], str], tmp_path: Path) -> Callable[..., np.ndarray]:
    """Render by dcmp2pgm; of overlays it writes files of their own, which are put on the picture here."""

    def theirs(image: Path, state: Path) -> np.ndarray:
        program = [peer("dcmp2pgm"), "-v", "-p", state, image, tmp_path / "out.pgm"]
        subprocess.run(program, check=True, capture_output=True, cwd=tmp_path)
        picture = np.asarray(Image.open(tmp_path / "out.pgm")).astype(int)
        for path in sorted(tmp_path.glob("ovl_*.pgm")):
            drawn = np.asarray(Image.open(path)).astype(int)
            picture = np.where(drawn > 0, drawn, picture)
        return picture

    return theirs


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write an image, and a state that is complete enough for DCMTK; None leaves an attribute out."""

    def made(samples: np.ndarray, image: dict[str, Any], state: dict[Any, Any]) -> tuple[Path, Path]:
        uids = {"StudyInstanceUID": "1.2.3", "PatientName": "T", "PatientID": "1", "StudyDate": "20200101"}
        ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": "1.2.3.4", "Modality": "OT"} | uids)
        ds.update({"SeriesInstanceUID": "1.2.3.1", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"})
        ds.update({"Rows": samples.shape[0], "Columns": samples.shape[1], "BitsAllocated": 16, "BitsStored": 12})
        ds.update({"HighBit": 11, "PixelRepresentation": int(samples.dtype.kind == "i")} | image)
        ds.add_new("PixelData", "OW", (samples & 0xFFFF).astype("<u2").tobytes())
        reference = {"ReferencedSOPClassUID": ds.SOPClassUID, "ReferencedSOPInstanceUID": ds.SOPInstanceUID}
        series = {"SeriesInstanceUID": "1.2.3.1", "ReferencedImageSequence": [Dataset(reference)]}
        ps = Dataset(
            {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1", "SOPInstanceUID": "1.2.3.9", "Modality": "PR"} | uids
        )
        ps.update({"SeriesInstanceUID": "1.2.3.8", "StudyTime": "101010", "StudyID": "1", "SeriesNumber": 1})
        ps.update({"InstanceNumber": 1, "ContentLabel": "X", "PresentationCreationDate": "20200101"})
        ps.update({"PresentationCreationTime": "101010", "ContentCreatorName": "X", "PresentationLUTShape": "IDENTITY"})
        area = {"DisplayedAreaTopLeftHandCorner": [1, 1], "PresentationSizeMode": "SCALE TO FIT"}
        area |= {
            "DisplayedAreaBottomRightHandCorner": list(samples.shape[::-1]),
            "PresentationPixelAspectRatio": [1, 1],
        }
        ps.DisplayedAreaSelectionSequence = [Dataset(area)]
        ps.ReferencedSeriesSequence = [Dataset(series)]
        for key, value in state.items():
            if value is None:
                del ps[key]
            elif isinstance(key, str):
                setattr(ps, key, value)
            else:
                ps.add_new(key, *value)
        for data_set, name in ((ds, "image.dcm"), (ps, "state.dcm")):
            data_set.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
            write(data_set, tmp_path / name)
        return tmp_path / "image.dcm", tmp_path / "state.dcm"

    return made


def voi(center: float, width: float, **more: Any) -> dict[str, Any]:
    return {"SoftcopyVOILUTSequence": [Dataset({"WindowCenter": center, "WindowWidth": width} | more)]}


def lut(entries: np.ndarray, first: int = 0, bits: int = 16, **more: Any) -> list[Dataset]:
    item = Dataset(more)
    item.add_new("LUTDescriptor", "US", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return [item]


RNG = np.random.default_rng(5)
STORED = RNG.integers(200, 3000, (40, 60))
SCRAMBLED = RNG.integers(0, 65536, 4096)
# A step of one at most: DCMTK cuts off what goes into a Presentation LUT, here it is rounded.
RISING = 32 + np.arange(256) * 3 // 4
RESCALE = {"RescaleSlope": 2.0, "RescaleIntercept": -1024.0, "RescaleType": "US"}
MODALITY = {"ModalityLUTSequence": lut(SCRAMBLED, ModalityLUTType="US")}
VOI_LUT = {"SoftcopyVOILUTSequence": [Dataset({"VOILUTSequence": lut(SCRAMBLED)})]}
PRESENTATION = {"PresentationLUTShape": None, "PresentationLUTSequence": lut(RISING, bits=8)}
BITMAP = {
    (0x6000, 0x10): ("US", 40),
    (0x6000, 0x11): ("US", 60),
    (0x6000, 0x40): ("CS", "G"),
    (0x6000, 0x50): ("SS", [1, 1]),
    (0x6000, 0x100): ("US", 1),
    (0x6000, 0x102): ("US", 0),
    (0x6000, 0x3000): ("OW", RNG.bytes(300)),
    "ShutterShape": "BITMAP",
    "ShutterOverlayGroup": 0x6000,
}


@pytest.mark.parametrize(
    "state",
    [
        {},  # no VOI LUT: all values that Bits Stored allows
        voi(1000, 800),
        voi(1000, 800) | RESCALE,  # the image has none of its own
        voi(1000, 800) | {"PresentationLUTShape": "INVERSE"},
        MODALITY,
        MODALITY | voi(30000, 20000),
        VOI_LUT,
        VOI_LUT | {"PresentationLUTShape": "INVERSE"},
        voi(1000, 800) | PRESENTATION,
        MODALITY | VOI_LUT | PRESENTATION,
        voi(1000, 800) | BITMAP | {"ShutterPresentationValue": 0},
        voi(1000, 800) | BITMAP | {"ShutterPresentationValue": 30000},
        *(
            voi(1000, 800) | {"ImageRotation": turn, "ImageHorizontalFlip": flip}
            for turn in (0, 90, 180, 270)
            for flip in "NY"
        ),
        # In a turned image DCMTK 3.6.7 covers with 0, whatever the value is.
        voi(1000, 800) | BITMAP | {"ShutterPresentationValue": 0, "ImageRotation": 90, "ImageHorizontalFlip": "Y"},
    ],
)
def test_equals_dcmp2pgm(state: dict, made: Callable, theirs: Callable) -> None:
    paths = made(STORED, {}, state)
    assert np.abs(ours(*map(read, paths)) - theirs(*paths)).max() <= 1


@pytest.mark.parametrize(
    "image",
    [
        {"PhotometricInterpretation": "MONOCHROME1"},  # how it is inverted is the state's business
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
        RESCALE | {"WindowCenter": 5, "WindowWidth": 9},  # replaced by nothing, and by the state's window
    ],
)
@pytest.mark.parametrize("shape", ["IDENTITY", "INVERSE"])
def test_what_the_image_says_is_replaced(image: dict, shape: str, made: Callable, theirs: Callable) -> None:
    paths = made(STORED, image, voi(1000, 800) | {"PresentationLUTShape": shape})
    assert np.abs(ours(*map(read, paths)) - theirs(*paths)).max() <= 1


def test_signed_samples(made: Callable, theirs: Callable) -> None:
    paths = made(STORED - 1500, {}, voi(-100, 900))
    assert np.abs(ours(*map(read, paths)) - theirs(*paths)).max() <= 1


@pytest.mark.parametrize(
    ("image", "state", "digest"),
    [
        ("imageForPrLUTs.dcm", "prLUTs.dcm", "546af9b48beb3872"),
        ("overlay.dcm", "prOverlay.dcm", "3cf66fe827af03ed"),
        # The same image came to dcm4che without its patient's name.
        (
            "../../../../../../../../dcm4che+dcm4che/dcm4che-test-data/src/main/resources/ovly_p01.dcm",
            "prOverlay.dcm",
            "",
        ),
    ],
)
def test_weasis_samples(image: str, state: str, digest: str, corpus: Path, theirs: Callable) -> None:
    ds, made = read(corpus / WEASIS / image), read(corpus / WEASIS / state)
    assert PresentationState.of(made).findings == ()
    picture = ours(ds, made)
    assert np.abs(picture - theirs(corpus / WEASIS / image, corpus / WEASIS / state)).max() <= 1
    if digest:
        assert hashlib.sha256(picture.astype(np.uint8).tobytes()).hexdigest()[:16] == digest
    assert PresentationState.of(made).applies_to(ds)


def test_states_that_dcmtk_makes(corpus: Path, peer: Callable, theirs: Callable, tmp_path: Path) -> None:
    names = [
        "pydicom+pydicom-data/data_store/data/MR-SIEMENS-DICOM-WithOverlays.dcm",
        "pydicom+pydicom-data/data_store/data/mlut_18.dcm",
        "pydicom+pydicom-data/data_store/data/vlut_04.dcm",
    ]
    for name in names:
        state = tmp_path / "made.dcm"
        subprocess.run([peer("dcmpsmk"), corpus / name, state], check=True, capture_output=True)
        picture = ours(read(corpus / name), read(state))
        assert np.abs(picture - theirs(corpus / name, state)).max() <= 1, name
        for path in tmp_path.glob("ovl_*.pgm"):
            path.unlink()


def test_states_that_highdicom_makes() -> None:
    import highdicom as hd
    import pydicom
    import pydicom.data

    path = pydicom.data.get_testdata_file("CT_small.dcm")
    image = pydicom.dcmread(path)
    layer = hd.pr.GraphicLayer("MARKS", order=1, display_color=hd.color.CIELabColor(53.0, 80.0, 67.0))
    circle = hd.pr.GraphicObject("CIRCLE", np.array([[64.0, 64.0], [80.0, 64.0]]), "PIXEL")
    line = hd.pr.GraphicObject("POLYLINE", np.array([[0.25, 0.5], [0.75, 1.0]]), "DISPLAY", is_filled=False)
    words = hd.pr.TextObject("hello", "PIXEL", bounding_box=(10, 10, 60, 30))
    annotation = hd.pr.GraphicAnnotation([image], layer, graphic_objects=[circle, line], text_objects=[words])
    made = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[image],
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="m",
        software_versions="1",
        device_serial_number="1",
        content_label="MARKS",
        content_creator_name="A^B",
        graphic_annotations=[annotation],
        graphic_layers=[layer],
        modality_lut_transformation=hd.ModalityLUTTransformation(
            rescale_intercept=-1024.0, rescale_slope=1.0, rescale_type="HU"
        ),
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40.0, window_width=400.0)],
    )
    stream = io.BytesIO()
    made.save_as(stream)
    state = read(stream.getvalue())
    found = PresentationState.of(state)
    assert (found.kind, found.label, found.findings) == ("GRAYSCALE", "MARKS", ())
    assert found.applies_to(read(path))
    assert [(layer.name, layer.colour) for layer in found.layers] == [("MARKS", (250, 0, 7))]
    first, second, third = annotations_of(state.GraphicAnnotationSequence, [])
    assert isinstance(first, Graphic)
    assert isinstance(second, Graphic)
    assert isinstance(third, Label)
    assert (first.kind, first.units, first.points.tolist()) == ("CIRCLE", "PIXEL", [[64, 64], [80, 64]])
    assert (second.kind, second.units, second.points.tolist()) == ("POLYLINE", "DISPLAY", [[0.25, 0.5], [0.75, 1.0]])
    assert third.box is not None
    assert (third.text, third.justification, third.box.tolist()) == ("hello", "CENTER", [[10, 10], [60, 30]])
    picture = ours(read(path), state)
    assert picture[64, 80].tolist() == [250, 0, 7]
    assert picture[0, 0].tolist() == [picture[0, 0, 0]] * 3
