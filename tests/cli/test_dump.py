"""`filmless dump`, `check` and `scan`: their forms."""

import csv
import io
import json
from pathlib import Path

import filmless
from filmless.cli.tree import lines


def test_lines_have_tag_representation_length_name_and_value(invoke, ct: Path) -> None:
    out = invoke("dump", ct).stdout.splitlines()
    assert out[0].startswith("(0002,0000) UL        4  File Meta Information Group Length")
    assert "(0008,0060) CS        2  Modality                                CT" in out
    assert "(7FE0,0010) OW    32768  Pixel Data                              <32,768 bytes>" in out
    start = out.index("  [0]")
    assert out[start + 1].startswith("    (0010,0020) LO")


def test_every_element_is_a_line(ct: Path) -> None:
    ds = filmless.read(ct)
    assert [line.tag for line in lines(ds) if line.tag] == [str(element.tag) for element in ds.walk()]


def test_values_are_whole_when_piped(invoke) -> None:
    filmless.write(
        filmless.Dataset({"PatientComments": "x" * 3000, "AdditionalPatientHistory": "y" * 6000}), "long.dcm"
    )
    assert "x" * 3000 in invoke("dump", "long.dcm").stdout
    assert "y" * 6000 not in invoke("dump", "long.dcm").stdout
    assert "y" * 6000 in invoke("dump", "--long", "long.dcm").stdout


def test_a_tag_inside_sequences_comes_with_the_way_to_it(invoke, ct: Path) -> None:
    out = invoke("dump", "-t", "TypeOfPatientID", ct).stdout.splitlines()
    assert [line.split()[0] for line in out] == ["(0010,1002)", "[0]", "(0010,0022)", "[1]", "(0010,0022)"]
    model = json.loads(invoke("dump", "--json", "-t", "TypeOfPatientID", ct).stdout)
    assert [list(item) for item in model["00101002"]["Value"]] == [["00100022"], ["00100022"]]
    assert len(model) == 1


def test_json_of_several_files_is_one_array(invoke, ct: Path) -> None:
    result = invoke("dump", "--json", ct, "nowhere", ct)
    assert result.exit_code == 1
    assert [model["00100020"]["Value"] for model in json.loads(result.stdout)] == [["1CT1"], ["1CT1"]]
    assert json.loads(invoke("dump", "--json", "nowhere", "nowhere").stdout) == []
    assert invoke("dump", "--xml", ct, ct).exit_code == 2


def test_long_values_are_in_json_when_asked_for(invoke, ct: Path) -> None:
    short, long = (json.loads(invoke("dump", "--json", *more, ct).stdout) for more in ([], ["--long"]))
    assert "InlineBinary" not in short.get("7FE00010", {})
    assert filmless.Dataset.from_json(long).PixelData == filmless.read(ct).PixelData


def test_a_folder_with_a_dicomdir(invoke, pydicom_files: list[Path]) -> None:
    path = next(path for path in pydicom_files if path.name == "DICOMDIR" and path.parent.name == "dicomdirtests")
    assert invoke("dump", path.parent).stdout == invoke("dump", path).stdout
    assert "(0004,1220) SQ" in invoke("dump", "--elements", path).stdout
    Path("empty").mkdir()
    assert invoke("dump", "empty").stderr.startswith("filmless: no DICOMDIR in empty\n")


def test_check_goes_through_folders(invoke, ct: Path) -> None:
    Path("f/g").mkdir(parents=True)
    Path("f/whole.dcm").write_bytes(ct.read_bytes())
    Path("f/g/cut.dcm").write_bytes(ct.read_bytes()[:20_000])
    result = invoke("check", "f")
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [str(Path("f/g/cut.dcm"))]
    rows = json.loads(invoke("check", "--json", "f").stdout)
    assert [(Path(row["path"]).name, len(row["findings"])) for row in rows] == [("whole.dcm", 0), ("cut.dcm", 1)]
    finding = rows[1]["findings"][0]
    assert (finding["code"], finding["tag"], finding["keyword"]) == ("truncated", "7FE00010", "PixelData")
    assert invoke("check", "--ignore", "truncated", "f").exit_code == 0


def test_scan_has_a_row_for_a_bad_file(invoke, ct: Path) -> None:
    Path("f").mkdir()
    Path("f/a.dcm").write_bytes(ct.read_bytes())
    Path("f/b.txt").write_text("notes")
    rows = list(csv.DictReader(io.StringIO(invoke("scan", "f", "-k", "ImageType", "-k", "0028,0010").stdout)))
    assert rows[0] == {
        "path": str(Path("f/a.dcm")),
        "ImageType": "ORIGINAL\\PRIMARY\\AXIAL",
        "Rows": "128",
        "error": "",
    }
    assert rows[1]["Rows"] == ""
    assert rows[1]["error"].startswith("not a DICOM file")
    assert invoke("scan", "nowhere", "-k", "Rows").exit_code == 1
    assert invoke("scan", "f", "-k", "Row").exit_code == 2
