"""Application profiles: what a medium may hold, and what becomes of what it may not."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless.errors import FormatError, UnsupportedError
from filmless.file.media import PROFILES, create_fileset, verify_fileset

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="session")
def compressed(tmp_path_factory, wheel_file, instance) -> Path:
    """Images of several transfer syntaxes, no two of which are the same instance."""
    folder = tmp_path_factory.mktemp("compressed")
    names = ["JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"]
    for number, name in enumerate(
        [*names, "JPEG-lossy.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm"]
    ):
        path = wheel_file(name) if name in {path.name for path in wheel_file("CT_small.dcm").parent.iterdir()} else None
        if path is not None:
            instance(path, folder / f"IM{number}", SOPInstanceUID=f"1.2.3.{number}")
    return folder


@pytest.mark.parametrize(
    ("profile", "flag"),
    [
        ("STD-GEN-CD", "-Pgp"),
        ("STD-GEN-DVD-JPEG", "-Pdv"),
        ("STD-GEN-DVD-J2K", "-Pd2"),
        ("STD-GEN-BD-JPEG", "-Pbd"),
        ("STD-GEN-BD-J2K", "-Pb2"),
        ("STD-GEN-USB-JPEG", "-Pfl"),
        ("STD-GEN-SD-J2K", "-Pf2"),
    ],
)
def test_a_profile_allows_what_dcmmkdir_allows(compressed, tmp_path, peer, profile, flag) -> None:
    command = [peer("dcmmkdir"), "-q", "+r", "+I", flag, "-Nec", "-Nrc", "+id", compressed, "+D", tmp_path / "DICOMDIR"]
    subprocess.run(command, capture_output=True, check=True)
    theirs = {
        str(item.ReferencedFileID)
        for item in filmless.read(tmp_path / "DICOMDIR").DirectoryRecordSequence
        if "ReferencedFileID" in item
    }
    ours = {
        path.name
        for path in compressed.iterdir()
        if PROFILES[profile].allows(filmless.read(path).file_meta.TransferSyntaxUID)
    }
    assert ours == theirs


def test_what_a_profile_forbids_is_refused_before_anything_is_written(tmp_path, compressed) -> None:
    with pytest.raises(UnsupportedError, match="STD-GEN-CD does not allow the transfer syntax") as raised:
        create_fileset(compressed, tmp_path / "out")
    assert raised.value.hint
    assert raised.value.path
    assert not (tmp_path / "out").exists()


def test_forbidden_images_are_prepared_when_asked(tmp_path, compressed) -> None:
    from filmless.pixels.transcoding import transcode

    report = create_fileset(compressed, tmp_path / "out", prepare=lambda ds: transcode(ds, "ExplicitVRLittleEndian"))
    assert report.failed == []
    assert report.written == len(list(compressed.iterdir()))
    sources = {str(ds.SOPInstanceUID): ds for ds in map(filmless.read, compressed.iterdir())}
    for record in filmless.read_fileset(tmp_path / "out"):
        np.testing.assert_array_equal(record.read().pixel_array, sources[record.read().SOPInstanceUID].pixel_array)
    assert verify_fileset(tmp_path / "out", profile="STD-GEN-CD") == []


def test_an_image_that_cannot_be_prepared_does_not_stop_the_rest(tmp_path, compressed, ct, instance) -> None:
    def refuse(ds: filmless.Dataset) -> filmless.Dataset:
        raise FormatError("broken")

    instance(ct, tmp_path / "one.dcm", SOPInstanceUID="1.2.9", PatientID="ALONE", StudyInstanceUID="1.9")
    report = create_fileset([compressed, tmp_path / "one.dcm"], tmp_path / "out", prepare=refuse)
    plain = sum(filmless.read(path).file_meta.TransferSyntaxUID == EXPLICIT for path in compressed.iterdir())
    assert report.written == plain + 1
    assert {remark.code for remark in report.failed} == {"not-written"}
    assert len(report.failed) == len(list(compressed.iterdir())) - plain
    assert verify_fileset(tmp_path / "out") == []  # nothing is listed that is not there, no empty patient either
    assert all(record.files for record in filmless.read_fileset(tmp_path / "out").walk())


@pytest.mark.parametrize("name", ["STD-GEN-XX", "", "CD"])
def test_a_wrong_profile_is_an_error(tmp_path, ct, name) -> None:
    with pytest.raises(ValueError, match="no application profile"):
        create_fileset([tmp_path / "slice.dcm"], tmp_path / "out", profile=name)
