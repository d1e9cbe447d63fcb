"""Documents as whole objects: dciodvfy finds no error in them, others read them, the file comes out again."""

import subprocess

import numpy as np
import pydicom
import pytest

from filmless import pixels, read
from filmless.convert import from_dicom, to_dicom
from filmless.convert.documents.references import add_references
from filmless.convert.header import HeaderRules
from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents

_CLASSES = {
    "pdf": "EncapsulatedPDFStorage",
    "cda": "EncapsulatedCDAStorage",
    "stl": "EncapsulatedSTLStorage",
    "obj": "EncapsulatedOBJStorage",
    "mtl": "EncapsulatedMTLStorage",
}


@pytest.fixture
def files(make_pdf, cda, stl, obj, mtl):
    return {"pdf": make_pdf(title=b"Report"), "cda": cda() + b" ", "stl": stl(13), "obj": obj, "mtl": mtl}


def errors_of(path, peer):
    """Return the errors of dciodvfy, which of models knows STL alone: OBJ and MTL, of its modules, are called one."""
    ds = pydicom.dcmread(path)
    if ds.SOPClassUID in (pydicom.uid.EncapsulatedOBJStorage, pydicom.uid.EncapsulatedMTLStorage):
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = pydicom.uid.EncapsulatedSTLStorage
        ds.MIMETypeOfEncapsulatedDocument = "model/stl"
        ds.setdefault("FrameOfReferenceUID", "1.2.3")  # MTL has none
        ds.setdefault("PositionReferenceIndicator", "")
        path = path.with_suffix(".stl.dcm")
        ds.save_as(path)
    told = subprocess.run([peer("dciodvfy"), "-new", path], capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]


@pytest.mark.parametrize("kind", _CLASSES)
def test_in_and_out(kind, files, peer, tmp_path):
    (tmp_path / "source").write_bytes(files[kind])
    to_dicom(tmp_path / "source", PatientName="Doe^Zoë", PatientID="42").save_as(tmp_path / "a.dcm")
    assert errors_of(tmp_path / "a.dcm", peer) == []
    ds = pydicom.dcmread(tmp_path / "a.dcm")
    assert ds.SOPClassUID == getattr(pydicom.uid, _CLASSES[kind])
    assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == files[kind]
    assert from_dicom(tmp_path / "a.dcm", "document") == files[kind]


def test_facts_are_in_the_header(files):
    assert to_dicom(files["pdf"]).DocumentTitle == "Report"
    ds = to_dicom(files["cda"])
    assert ds.DocumentTitle == "Discharge summary"
    assert ds.HL7InstanceIdentifier == "2.16.840.1.113883.19.4^c266"
    assert ds.ConceptNameCodeSequence[0].CodeValue == "18842-5"
    assert ds.PatientName in (None, "")
    assert to_dicom(files["pdf"], DocumentTitle="Mine").DocumentTitle == "Mine"


def test_models_that_refer_to_each_other(files, peer, tmp_path):
    rules = HeaderRules(values={"PatientID": "42"})
    found = {kind: contents(files[kind], ReadOptions())[0] for kind in ("obj", "mtl")}
    model, materials = (rules.data_set(document) for document in found.values())
    texture = rules.data_set(contents(np.zeros((4, 4, 3), np.uint8), ReadOptions())[0])
    assert add_references(model, found["obj"], {"bones.mtl": materials}) == ()
    assert add_references(materials, found["mtl"], {"skin tone.png": texture}) == ()
    for number, ds in enumerate((model, materials)):
        ds.save_as(tmp_path / f"{number}.dcm")
        assert errors_of(tmp_path / f"{number}.dcm", peer) == []


def test_pages_as_images(make_pdf, peer, tmp_path):
    data = make_pdf([(200, 100, "0.5 g 10 10 50 50 re f"), (200, 100, "0 g 10 10 50 50 re f")])
    (picture,) = contents(data, ReadOptions(as_images=True, dpi=72))
    HeaderRules().data_set(picture).save_as(tmp_path / "a.dcm")
    assert errors_of(tmp_path / "a.dcm", peer) == []
    np.testing.assert_array_equal(pixels.decode(read(tmp_path / "a.dcm")), picture.pixels)
