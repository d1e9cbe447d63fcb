"""Many headers as columns."""

import pytest

import filmless
from filmless.errors import DicomError


@pytest.fixture
def folder(slice_path, tmp_path):
    """A folder with a folder in it, a broken file and one that is no DICOM."""
    (tmp_path / "deeper").mkdir()
    ds = filmless.read(slice_path)
    ds.PatientID = "second"
    del ds.Rows
    ds.save_as(tmp_path / "deeper" / "b.dcm")
    (tmp_path / "a.txt").write_text("this is no DICOM file, and long enough to look like one all the same")
    (tmp_path / "empty.dcm").write_bytes(b"")
    return tmp_path


def test_a_bad_file_is_a_row(folder) -> None:
    table = filmless.scan(folder, ["PatientID", "Rows", "PixelSpacing", "ReferencedImageSequence"])
    names = [path.rpartition("/")[2].rpartition("\\")[2] for path in table["path"]]
    assert names == ["a.txt", "empty.dcm", "slice.dcm", "b.dcm"]
    assert table["PatientID"] == [None, None, "1CT1", "second"]
    assert table["Rows"] == [None, None, 128, None]
    assert table["PixelSpacing"][2] == [0.661468, 0.661468]
    assert [error is None for error in table["error"]] == [False, False, True, True]
    assert all(isinstance(error, DicomError) for error in table["error"][:2])
    assert "a.txt" in str(table["error"][0])
    assert "2 failed" in repr(table)


def test_rows_and_columns(folder) -> None:
    table = filmless.scan(folder, ["PatientID"])
    assert list(table) == ["path", "PatientID", "findings", "error"]
    assert table.rows[2]["PatientID"] == "1CT1"
    assert {len(column) for column in table.values()} == {4}


def test_threads_change_nothing(folder, pydicom_files) -> None:
    keywords = ["PatientName", "StudyDate", "ImageType", "SOPInstanceUID", "WaveformSequence"]
    tables = [filmless.scan(pydicom_files, keywords, threads=threads) for threads in (1, 4)]
    for name in ["path", *keywords]:
        assert tables[0][name] == tables[1][name]
    assert [bool(error) for error in tables[0]["error"]] == [bool(error) for error in tables[1]["error"]]


def test_a_scan_gives_what_reading_gives(pydicom_files) -> None:
    keywords = ["PatientName", "StudyDate", "ImageType", "Rows", "SliceThickness", "SmallestImagePixelValue"]
    table = filmless.scan(pydicom_files, keywords)
    compared = 0
    for row in table.rows:
        if row["error"] is not None:
            continue
        ds = filmless.read(row["path"])
        assert {keyword: row[keyword] for keyword in keywords} == {keyword: ds.get(keyword) for keyword in keywords}
        compared += 1
    assert compared > 180


def test_one_file_and_missing_files(slice_path, tmp_path) -> None:
    assert filmless.scan(slice_path, ["Rows"])["Rows"] == [128]
    table = filmless.scan([tmp_path / "gone.dcm"], ["Rows"])
    assert isinstance(table["error"][0], OSError)
    assert filmless.scan([], ["Rows"])["Rows"] == []


def test_a_word_that_is_no_keyword(slice_path) -> None:
    with pytest.raises(KeyError, match="`Rowz` is no keyword"):
        filmless.scan(slice_path, ["Rowz"])
