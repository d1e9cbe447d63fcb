"""Copies and pickles."""

import copy
import pickle

import pytest

import filmless
from filmless.file import encode


def test_a_pickle_is_the_same_data_set(ct) -> None:
    ct.PatientID = "edited"
    ct.ImageType.append("X")
    back = pickle.loads(pickle.dumps(ct))
    assert type(back) is filmless.Dataset
    assert back == ct
    assert back.file_meta == ct.file_meta
    assert back.path == ct.path
    assert back.ImageType[-1] == "X"


def test_an_untouched_pickle_is_written_byte_for_byte(ct) -> None:
    assert encode(pickle.loads(pickle.dumps(ct))) == ct.path.read_bytes()


def test_every_real_file_survives_a_pickle(pydicom_files) -> None:
    survived = 0
    for path in pydicom_files:
        try:
            ds = filmless.read(path)
        except filmless.errors.DicomError:
            continue
        back = pickle.loads(pickle.dumps(ds))
        assert back == ds, path
        survived += 1
    assert survived > 180


def test_a_pickle_does_not_need_the_file(ct) -> None:
    data = pickle.dumps(ct)
    pixels = ct.PixelData
    ct.path.unlink()
    back = pickle.loads(data)
    assert back.PixelData == pixels


def test_items_and_elements_are_pickled(nested) -> None:
    item = nested.ReferencedStudySequence[0]
    assert pickle.loads(pickle.dumps(item)) == item
    assert pickle.loads(pickle.dumps(nested.ReferencedStudySequence)) == nested.ReferencedStudySequence
    assert pickle.loads(pickle.dumps(nested["PatientID"])) == nested["PatientID"]
    empty = filmless.Dataset()
    assert pickle.loads(pickle.dumps(empty)) == empty


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, filmless.Dataset.copy])
def test_a_copy_is_independent(nested, copied) -> None:
    other = copied(nested)
    assert other == nested
    assert other.file_meta == nested.file_meta
    other.ReferencedStudySequence[0].ReferencedSeriesSequence.clear()
    other.PatientID = "2"
    other.file_meta.SourceApplicationEntityTitle = "THERE"
    assert nested.PatientID == "1"
    assert len(nested.ReferencedStudySequence[0].ReferencedSeriesSequence) == 1
    assert "SourceApplicationEntityTitle" not in nested.file_meta


def test_a_copy_has_the_changes_made_inside_lists_and_items(nested) -> None:
    nested.ReferencedStudySequence[1].ImageType = ["A", "B"]
    nested.ReferencedStudySequence[1].ImageType[0] = "C"
    assert copy.deepcopy(nested).ReferencedStudySequence[1].ImageType == ["C", "B"]


def test_a_copy_keeps_small_values_when_the_file_is_gone(ct) -> None:
    other = copy.deepcopy(ct)
    ct.path.unlink()
    assert other.PatientID == "1CT1"
    with pytest.raises(FileNotFoundError):
        _ = other.PixelData


def test_subclasses_stay() -> None:
    copied = Mine({"PatientID": "1"}).copy()
    assert type(copied) is Mine
    assert type(pickle.loads(pickle.dumps(copied))) is Mine


class Mine(filmless.Dataset):
    pass
