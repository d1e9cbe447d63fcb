"""Key object selections: written and read."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import filmless
from filmless import Dataset
from filmless.errors import ValidationError
from filmless.objects import Code
from filmless.objects.key_objects import OF_INTEREST, key_object_selection, key_objects
from filmless.objects.references import ImageReference

REJECTED = Code("113001", "DCM", "Rejected for Quality Reasons")


def test_they_are_read_as_they_were(ct: list[Dataset], verified: Any, tmp_path: Path) -> None:
    picked = key_object_selection(ct[1:3], title=REJECTED, description="größe\nzwei", observer="Doe^Jané")
    assert verified(picked, tmp_path / "ko.dcm") == []
    found = key_objects(filmless.read(tmp_path / "ko.dcm"))
    assert (found.title, found.description, found.observer) == (REJECTED, "größe\nzwei", "Doe Jané")
    assert found.images == tuple(ImageReference(image.SOPClassUID, image.SOPInstanceUID) for image in ct[1:3])
    assert picked.StudyInstanceUID == ct[0].StudyInstanceUID
    (study,) = picked.CurrentRequestedProcedureEvidenceSequence
    assert len(study.ReferencedSeriesSequence[0].ReferencedSOPSequence) == 2


def test_frames_are_picked(enhanced: Dataset, verified: Any, tmp_path: Path) -> None:
    picked = key_object_selection(enhanced, frames={enhanced.SOPInstanceUID: [0, 5]})
    assert verified(picked, tmp_path / "ko.dcm") == []
    assert key_objects(picked).images[0].frames == (0, 5)
    assert picked.ContentSequence[0].ReferencedSOPSequence[0].ReferencedFrameNumber == [1, 6]
    assert key_objects(picked).title == OF_INTEREST
    del picked.CurrentRequestedProcedureEvidenceSequence
    assert verified(picked, tmp_path / "ko.dcm") != []


def test_others_read_it(ct: list[Dataset], peer: Callable[[str], str], tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    pydicom = pytest.importorskip("pydicom")
    key_object_selection(ct, description="as discussed").save_as(tmp_path / "ko.dcm")
    theirs = highdicom.ko.KeyObjectSelectionDocument.from_dataset(pydicom.dcmread(tmp_path / "ko.dcm"))
    assert len(theirs.content.get_references()) == 4
    done = subprocess.run([peer("dsrdump"), tmp_path / "ko.dcm"], capture_output=True, text=True, check=True)
    assert 'Key Object Description")="as discussed"' in done.stdout


def test_what_does_not_fit(ct: list[Dataset], enhanced: Dataset) -> None:
    with pytest.raises(ValueError, match="expected 0 to 5"):
        key_object_selection(enhanced, frames={enhanced.SOPInstanceUID: [6]})
    with pytest.raises(ValueError, match="not among the sources"):
        key_object_selection(ct, frames={"1.2.3": [0]})
    with pytest.raises(TypeError, match="`title` is a Code"):
        key_object_selection(ct, title="interesting")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="no key object selection"):
        key_objects(ct[0])
    with pytest.raises(TypeError, match="`ds` is a Dataset"):
        key_objects("ko.dcm")  # type: ignore[arg-type]
