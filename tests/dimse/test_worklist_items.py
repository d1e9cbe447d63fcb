"""The folder of worklist items: what changes is seen, what is broken or not in the folder is passed over."""

import json
import os
import sys
from pathlib import Path

import pytest

from filmless.dataset import Dataset
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.errors import FormatError, LimitError

from .ris_files import item, put


def patients(folder: WorklistFolder) -> list[str]:
    return [one.patient_id for one in folder.items()]


def test_files_that_come_change_and_go(tmp_path: Path) -> None:
    folder = WorklistFolder(tmp_path / "worklist")
    assert patients(folder) == []  # there is no such folder
    path = put(tmp_path / "worklist", "1.wl", item(1))
    put(tmp_path / "worklist", "2.DCM", item(2))
    (tmp_path / "worklist" / "3.json").write_text(item(3).to_json())
    assert patients(folder) == ["P1", "P2", "P3"]
    before = path.stat()
    put(tmp_path / "worklist", "1.wl", item(7))  # of the same length, and within one tick of the clock
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert patients(folder) == ["P7", "P2", "P3"]
    path.unlink()
    assert patients(folder) == ["P2", "P3"]


def test_what_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "1.wl", item(1))
    os.utime(path, (1, 1))
    folder = WorklistFolder(tmp_path)
    assert patients(folder) == ["P1"]
    monkeypatch.setattr(folder, "_items_of", lambda _: pytest.fail("it is read again"))
    assert patients(folder) == ["P1"]


def test_json_of_both_kinds_and_of_several_entries(tmp_path: Path) -> None:
    entry = {"PatientID": "K1", "ScheduledProcedureStepSequence": [{"Modality": "CT"}]}
    (tmp_path / "keywords.json").write_text(json.dumps([entry, entry | {"PatientID": "K2"}]))
    (tmp_path / "model.json").write_text("\ufeff" + item(5).to_json(), encoding="utf-8")
    assert patients(WorklistFolder(tmp_path)) == ["K1", "K2", "P5"]


def test_an_entry_of_several_steps_is_an_item_for_each(tmp_path: Path) -> None:
    ds = item(1)
    ds["ScheduledProcedureStepSequence"] = [Dataset({"ScheduledProcedureStepID": name}) for name in ("A", "B")]
    put(tmp_path, "1.wl", ds)
    folder = WorklistFolder(tmp_path)
    assert [(one.step_id, len(one.dataset.ScheduledProcedureStepSequence)) for one in folder.items()] == [
        ("A", 1),
        ("B", 1),
    ]
    assert len(folder.get("1")) == 2


BROKEN = {
    "empty.wl": b"",
    "noise.wl": bytes(range(256)) * 40,
    "text.json": b"{secret",
    "deep.json": b'{"00400100":{"vr":"SQ","Value":[' * 5000,
    "list.json": b"[" * 100_000,
    "other.json": b'{"PatientID": {"secret": []}}',
    "value.json": b'{"Rows": "secret", "ScheduledProcedureStepSequence": [{"Modality": "CT"}]}',
    "long.wl": b"x" * 3000,
    "nostep.json": b'{"PatientID": "secret"}',
    "nosequence.json": b'{"00400100": {"vr": "LO", "Value": ["secret"]}}',
}


def test_broken_files_are_passed_over_and_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    put(tmp_path, "good.wl", item(1))
    (tmp_path / "cut.wl").write_bytes((tmp_path / "good.wl").read_bytes()[:700])
    (tmp_path / "notes.txt").write_text("not looked at")
    (tmp_path / ".part.wl").write_bytes(b"not looked at")
    (tmp_path / "folder.wl").mkdir()
    folder = WorklistFolder(tmp_path, most_bytes=600_000)
    assert "P1" in patients(folder)
    said = [record.getMessage() for record in caplog.records]
    assert {name for name in BROKEN if any(str(tmp_path / name) in line for line in said)} == set(BROKEN)
    assert "secret" not in caplog.text
    assert "not looked at" not in caplog.text
    folder.items()
    assert len(caplog.records) == len(said)


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", "1.wl", item(1))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "1.wl").symlink_to(outside)
    (inside / "2.wl").symlink_to(tmp_path / "outside")
    os.mkfifo(inside / "3.wl")
    folder = WorklistFolder(inside)
    assert folder.items() == []
    before = outside.read_bytes()
    folder.put("1", item(2))  # takes the place of the link, and leaves what it led to
    assert patients(folder) == ["P2"]
    assert outside.read_bytes() == before


def test_a_file_that_becomes_a_link_while_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = put(tmp_path / "outside", "1.wl", item(1))
    put(tmp_path / "inside", "1.wl", item(2))
    folder = WorklistFolder(tmp_path / "inside")
    read = folder._items_of

    def swapped(name: str):
        (tmp_path / "inside" / name).unlink()
        (tmp_path / "inside" / name).symlink_to(outside)
        return read(name)

    if sys.platform != "win32":
        monkeypatch.setattr(folder, "_items_of", swapped)
        assert folder.items() == []


def test_more_files_than_are_looked_at(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        put(tmp_path, f"{number}.wl", item(number))
    assert len(WorklistFolder(tmp_path, most_files=3).items()) == 3
    assert "more than 3 files" in caplog.text


def test_what_cannot_be_put(tmp_path: Path) -> None:
    folder = WorklistFolder(tmp_path, most_bytes=2000)
    with pytest.raises(FormatError, match="without Scheduled Procedure Step Sequence"):
        folder.put("1.2", Dataset({"PatientID": "1"}))
    with pytest.raises(LimitError, match="more than 2000 bytes"):
        folder.put(
            "1.2", item(1, PatientName="x" * 60, ScheduledProcedureStepDescription="y" * 60, PatientState="z" * 2000)
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_put_is_what_others_take(tmp_path: Path) -> None:
    folder = WorklistFolder(tmp_path)
    folder.put("1.2.3", item(1, PatientName="Müller^Jörg"))
    from pydicom import dcmread

    ds = dcmread(tmp_path / "1.2.3.wl")
    assert (ds.PatientName, ds.file_meta.MediaStorageSOPInstanceUID) == ("Müller^Jörg", "1.2.3")
