"""What is kept of an instance: its header as JSON, its attributes by level, and what is refused."""

import json
import shutil
import time
from pathlib import Path

import pytest

from filmless.archive.header import Header
from filmless.archive.record import Record, record_of
from filmless.dataset import Dataset
from filmless.errors import DicomError, FormatError, LimitError
from filmless.file import encode, generate_uid, read

_EXPLICIT, _JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"


def _instance(**values: object) -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": generate_uid()})
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.file_meta = Dataset({"TransferSyntaxUID": _EXPLICIT})
    for keyword, value in values.items():
        ds[keyword] = value
    return ds


def _record(ds: Dataset) -> Record:
    data = encode(ds)
    return record_of(data, size=len(data), sha256="0" * 64)


def _json(record: Record, base: str = "") -> dict:
    return json.loads(Header(record.header).json(base))


def _without_binaries(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_binaries(v) for k, v in value.items() if k not in ("BulkDataURI", "InlineBinary")}
    return [_without_binaries(item) for item in value] if isinstance(value, list) else value


def _no_constant(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def test_every_real_file_is_kept_whole_or_refused_in_words(all_files: list[Path]) -> None:
    kept = 0
    for path in all_files:
        try:
            record = record_of(path, size=path.stat().st_size, sha256="0" * 64)
        except DicomError:
            continue
        kept += 1
        ds = read(path)
        text = Header(record.header).json()
        header = json.loads(text, parse_constant=_no_constant)
        assert _without_binaries(header) == _without_binaries(json.loads(ds.to_json())), path
        assert not [tag for tag in header if tag.startswith("0002")]
        assert "InlineBinary" not in header.get("7FE00010", {})
        assert (record.study_uid, record.instance_uid) == (ds.StudyInstanceUID, ds.SOPInstanceUID)
        for part in record.levels.values():
            for tag, element in json.loads(part).items():
                assert element == header[tag], path
    assert kept > 50


def test_bytes_give_the_record_of_a_path(pydicom_files: list[Path]) -> None:
    for path in pydicom_files[::7]:
        try:
            of_path = record_of(path, size=1, sha256="0" * 64)
        except DicomError:
            continue
        of_bytes = record_of(path.read_bytes(), size=1, sha256="0" * 64)
        assert of_path.header == of_bytes.header
        assert of_path.levels == of_bytes.levels
        assert (of_path.frames and of_path.frames.pack()) == (of_bytes.frames and of_bytes.frames.pack())


def test_bulk_data_has_uris_under_the_instance() -> None:
    icon = Dataset({"Rows": 64})
    icon.add_new("PixelData", "OB", bytes(4096))
    ds = _instance(PatientComments='"BulkDataURI":"x', IconImageSequence=[icon])
    ds.add_new("PixelData", "OW", bytes(64))
    record = _record(ds)
    base = "https://h/studies/1/series/2/instances/3"
    found = _json(record, base)
    assert found["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{base}/bulkdata/7FE00010"}
    inner = found["00880200"]["Value"][0]["7FE00010"]
    assert inner == {"vr": "OB", "BulkDataURI": f"{base}/bulkdata/00880200/0/7FE00010"}
    assert found["00104000"]["Value"] == ['"BulkDataURI":"x']
    assert _json(record)["7FE00010"]["BulkDataURI"] == "bulkdata/7FE00010"


def test_fragments_and_documents_are_bulk_data_however_short() -> None:
    ds = _instance(EncapsulatedDocument=b"%PDF", MIMETypeOfEncapsulatedDocument="application/pdf")
    assert _json(_record(ds))["00420011"] == {"vr": "OB", "BulkDataURI": "bulkdata/00420011"}
    ds = _instance(Rows=1)
    ds.file_meta.TransferSyntaxUID = _JPEG
    data = encode(ds)
    item = b"\xfe\xff\x00\xe0"
    data += b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + item + bytes(4) + item + b"\2\0\0\0\xff\xd8"
    data += b"\xfe\xff\xdd\xe0\0\0\0\0"
    found = _json(record_of(data, size=len(data), sha256="0" * 64))
    assert found["7FE00010"] == {"vr": "OB", "BulkDataURI": "bulkdata/7FE00010"}


def test_what_is_nested_is_not_taken_for_what_is_in_the_data_set() -> None:
    small = Dataset()
    small.add_new(0x7FE0_0010, "OW", b"ab")
    ds = _instance(PixelData=bytes(8))
    ds.add_new(0x7FE1_0010, "LO", "SOMEONE")
    ds.add_new(0x7FE1_1001, "SQ", [small])
    header = _json(_record(ds))
    assert header["7FE00010"] == {"vr": "OB", "BulkDataURI": "bulkdata/7FE00010"}
    assert header["7FE11001"]["Value"] == [{"7FE00010": {"vr": "OW", "InlineBinary": "YWI="}}]


def test_numbers_and_characters_that_json_has_not() -> None:
    ds = _instance(RealWorldValueSlope=float("nan"), PatientName="Müller^Jürgen")
    ds.add_new("SelectorFDValue", "FD", [float("inf"), 1.5])
    data = encode(ds)
    data = data.replace(b"ISO_IR 192", b"ISO_IR 999").replace("ü".encode(), b"\xff\xfe")
    text = Header(record_of(data, size=len(data), sha256="0" * 64).header).json()
    assert json.loads(text, parse_constant=_no_constant)["00720074"]["Value"][1] == 1.5


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
@pytest.mark.parametrize(
    "uid",
    ["..", ".", "1..2", "1.2.", "../../etc/passwd", "/tmp/x", "C:\\x", "%", "1_2", "1.2%", "1.2\0.3", "1.2' OR 1=1--",
     "CON", "1" * 65, "1.2" * 30000, "١.٢", "1.2\n3", ""],
)  # fmt: skip
def test_uids_of_another_form_are_refused_without_being_told(keyword: str, uid: str) -> None:
    ds = _instance()
    ds.add_new(keyword, "UI" if uid.isascii() else "LO", uid)
    with pytest.raises(FormatError, match=keyword) as caught:
        _record(ds)
    assert len(uid) < 3 or uid not in str(caught.value)


def test_several_uids_are_none() -> None:
    with pytest.raises(FormatError, match="StudyInstanceUID"):
        _record(_instance(StudyInstanceUID=["1.2", "1.3"]))


def test_what_is_no_file_of_part_10_is_refused() -> None:
    data = encode(_instance())
    with pytest.raises(FormatError):
        record_of(data[132:], size=1, sha256="0" * 64)
    with pytest.raises(FormatError):
        record_of(b"no DICOM at all" * 40, size=1, sha256="0" * 64)


def test_levels_keep_text_in_its_character_set_when_the_file_is_gone(tmp_path: Path) -> None:
    inner = Dataset({"CodeMeaning": "頭部", "CodeValue": "1"})
    ds = _instance(SpecificCharacterSet="GB18030", PatientName="张^三", PatientComments="长" * 3000)
    ds.ProcedureCodeSequence = [inner.copy() for _ in range(200)]
    ds.add_new(0x0009_0010, "LO", "SOMEONE")
    path = tmp_path / "a.dcm"
    path.write_bytes(encode(ds))
    record = record_of(path, size=1, sha256="0" * 64)
    shutil.move(path, tmp_path / "b.dcm")
    patient = json.loads(record.levels["patient"])
    assert patient["00100010"]["Value"] == [{"Alphabetic": "张^三"}]
    assert patient["00104000"]["Value"] == ["长" * 3000]
    study = json.loads(record.levels["study"])
    assert study["00081032"]["Value"][199]["00080104"]["Value"] == ["頭部"]


def test_very_long_text_is_bulk_data_and_a_level_is_small() -> None:
    ds = _instance(ProcedureCodeSequence=[Dataset({"CodeMeaning": "x" * 60}) for _ in range(1000)])
    ds.add_new("SelectorUTValue", "UT", "y" * (5 << 20))
    record = _record(ds)
    found = _json(record)
    assert found["00720070"] == {"vr": "UT", "BulkDataURI": "bulkdata/00720070"}
    assert len(found["00081032"]["Value"]) == 1000
    assert "00081032" not in record.levels["study"]


def test_headers_without_end_are_refused_and_private_blobs_are_not() -> None:
    item = Dataset()
    item.add_new("SelectorUTValue", "UT", "y" * (3 << 20))
    ds = _instance(ReferencedSeriesSequence=[item, item.copy()])
    data = encode(ds)
    with pytest.raises(LimitError):
        record_of(data, size=len(data), sha256="0" * 64, most_header_bytes=5 << 20)
    record_of(data, size=len(data), sha256="0" * 64)
    blob = _instance()
    blob.add_new(0x0009_0010, "LO", "SOMEONE")
    blob.add_new(0x0009_1001, "OB", bytes(50 << 20))
    data = encode(blob)
    record = record_of(data, size=len(data), sha256="0" * 64, most_header_bytes=1 << 20)
    assert len(record.header) < 1000


def test_a_thousand_functional_groups_take_no_second() -> None:
    groups = []
    for number in range(1000):
        plane = Dataset({"ImagePositionPatient": [0, 0, number]})
        groups.append(Dataset({"PlanePositionSequence": [plane]}))
    ds = _instance(PerFrameFunctionalGroupsSequence=groups)
    data = encode(ds)
    begin = time.perf_counter()
    record = record_of(data, size=len(data), sha256="0" * 64)
    assert time.perf_counter() - begin < 1
    assert len(_json(record)["52009230"]["Value"]) == 1000
