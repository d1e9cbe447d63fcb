"""CSV: rows find their files, cells are checked, and what is wrong is named by row and column."""

import pytest

from filmless.convert.header import HeaderRules, Origin
from filmless.errors import ConversionError, LimitError

from .made import picture


@pytest.fixture
def table(tmp_path):
    """Write a table."""

    def table(text: str | bytes, name: str = "patients.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return table


def origin(path: str, folder: str = "", **rest) -> Origin:
    return Origin(path=path, folder=folder, **rest)


def test_a_row_gives_values(table):
    text = (
        "file,PatientID,PatientName,PixelSpacing,0008;0090,RequestAttributesSequence[0].ScheduledProcedureStepID\n"
        "a.png,1,Doe^Jane,0.5\\0.25,,S1\n\n"
        'b.png,2,"Müller, Zoë",,,\n'
    ).replace("0008;0090", '"0008,0090"')
    rules = HeaderRules(table=table(text))
    ds = rules.data_set(picture(), origin("/in/a.png"))
    assert (ds.PatientID, str(ds.PatientName), ds.PixelSpacing) == ("1", "Doe^Jane", [0.5, 0.25])
    assert ds.RequestAttributesSequence[0].ScheduledProcedureStepID == "S1"
    ds = rules.data_set(picture(), origin("/in/b.png"))
    assert (ds.PatientID, str(ds.PatientName)) == ("2", "Müller, Zoë")
    assert "PixelSpacing" not in ds
    assert "RequestAttributesSequence" not in ds


@pytest.mark.parametrize(
    ("row", "path", "folder"),
    [
        ("a.png", "/in/a.png", ""),
        ("a.png", "/in/x/a.png", "x"),
        ("x/a.png", "/in/x/a.png", "x"),
        ("x\\a.png", "/in/x/a.png", "x"),
        ("./x/a.png", "/in/x/a.png", "x"),
        ("/in/x/a.png", "/in/x/a.png", "x"),
        ("ä.png", "/in/a\u0308.png", ""),  # composed, and decomposed as macOS has it
        ("a.png", "C:\\in\\a.png", ""),
    ],
)
def test_how_a_row_names_its_file(row, path, folder, table):
    rules = HeaderRules(table=table(f"file,PatientID\n{row},1\n"))
    assert rules.data_set(picture(), origin(path, folder)).PatientID == "1"


def test_a_row_names_its_file_from_the_root(table, tmp_path, monkeypatch):
    rules = HeaderRules(table=table(f"file,PatientID\n{tmp_path / 'in' / 'a.png'},1\n"))
    monkeypatch.chdir(tmp_path)
    assert rules.data_set(picture(), origin("in/a.png")).PatientID == "1"


def test_the_longer_name_wins(table):
    rules = HeaderRules(table=table("path,PatientID\na.png,1\nx/a.png,2\n"))
    assert rules.data_set(picture(), origin("/in/a.png")).PatientID == "1"
    assert rules.data_set(picture(), origin("/in/x/a.png", "x")).PatientID == "2"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter, table):
    text = f"filename{delimiter}PatientID{delimiter}PatientName\na.png{delimiter}1{delimiter}Doe\n"
    assert HeaderRules(table=table(text)).data_set(picture(), origin("a.png")).PatientID == "1"
    named = HeaderRules(table=table(text), table_delimiter=delimiter)
    assert named.data_set(picture(), origin("a.png")).PatientName == "Doe"


@pytest.mark.parametrize(
    ("encoding", "given"), [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252")]
)
def test_encodings(encoding, given, table):
    path = table("file,PatientName\r\na.png,Müller\r\n".encode(encoding))
    ds = HeaderRules(table=path, table_encoding=given).data_set(picture(), origin("a.png"))
    assert ds.PatientName == "Müller"


def test_another_column_names_the_file(table):
    rules = HeaderRules(table=table("PatientID,picture\n1,a.png\n"), table_key="picture")
    assert rules.data_set(picture(), origin("a.png")).PatientID == "1"


def test_a_file_without_row_and_rows_without_file(table):
    rules = HeaderRules(table=table("file,PatientID\na.png,1\nb.png,2\nc.png,3\n"))
    with pytest.raises(ConversionError, match=r"patients.csv has no row for the file, in d.png"):
        rules.data_set(picture(), origin("d.png"))
    with pytest.raises(ConversionError, match="has no row"):
        rules.check_origin(origin("d.png"))
    rules.check_origin(origin("a.png"))
    found = rules.rows_without_file([origin("b.png"), origin("d.png")])
    assert found == "2 rows of patients.csv are of no file: rows 2, 4"
    found = rules.rows_without_file([origin("b.png"), origin("c.png")])
    assert found == "row 2 of patients.csv is of no file"
    assert HeaderRules().rows_without_file([origin("b.png")]) is None
    rules = HeaderRules(table=table("file,PatientID\n" + "".join(f"{n}.png,1\n" for n in range(50))))
    assert str(rules.rows_without_file([])).endswith("rows 2, " + ", ".join(map(str, range(3, 22))) + " and 30 more")


def test_a_row_of_another_case(table):
    rules = HeaderRules(table=table("file,PatientID\na.png,1\nx/IMG.PNG,2\n"))
    with pytest.raises(ConversionError, match="no row for the file: row 3 names it with other capital letters"):
        rules.check_origin(origin("/in/x/img.png", "x"))


def test_all_cells_that_are_wrong_are_told(table):
    titles = "file,PatientID,PatientBirthDate,PatientSex,PatientSize\n"
    text = titles + "a,1,31.12.1999,male,1.75\nb,2\nc,3,19991231,F,1,75\nd,,,,tall\n"
    with pytest.raises(ConversionError) as caught:
        HeaderRules(table=table(text))
    assert caught.value.message == (
        "5 values or rows of patients.csv are wrong: "
        "the value given for PatientBirthDate is wrong: expected a date as YYYYMMDD: row 2, column PatientBirthDate; "
        "PatientSex is none of its defined terms, expected F, M or O: row 2, column PatientSex; "
        "row 3 of patients.csv has 2 cells, expected 5 as in the first; "
        "row 4 of patients.csv has 6 cells, expected 5 as in the first; "
        "the value given for PatientSize is wrong: expected a number of at most 16 characters, as 1.75: "
        "row 5, column PatientSize"
    )


def test_more_wrong_cells_than_anybody_reads(table):
    with pytest.raises(ConversionError) as caught:
        HeaderRules(table=table("file,PatientSex\n" + "".join(f"{n},SECRET\n" for n in range(1000))))
    assert caught.value.message.startswith("1000 values or rows of patients.csv are wrong: ")
    assert caught.value.message.endswith("row 21, column PatientSex; and 980 more")


@pytest.mark.parametrize("title", ["# note", "#", "(note)", "[Rows]", "(PatientID)"])
def test_columns_that_are_ignored(title, table):
    rules = HeaderRules(table=table(f'file,"{title}",PatientID,"{title}"\na.png,SECRET,1,SECRET\n'))
    assert rules.data_set(picture(), origin("a.png")).PatientID == "1"


def test_a_tag_in_brackets_is_a_tag(table):
    rules = HeaderRules(table=table('file,"(0010,0020)"\na.png,1\n'))
    assert rules.data_set(picture(), origin("a.png")).PatientID == "1"


@pytest.mark.parametrize(
    ("title", "hint"),
    [
        ("patientid", "did you mean PatientID? A column is ignored when its title begins with #"),
        ("Patient ID", "did you mean PatientID? A column is ignored when its title begins with #"),
        ("patient_birth_date", "did you mean PatientBirthDate? A column is ignored when its title begins with #"),
        ("remark", "a column is ignored when its title begins with #"),
        ("Rows", "a column is ignored when its title begins with #"),
    ],
)
def test_hints_for_columns(title, hint, table):
    with pytest.raises(ConversionError) as caught:
        HeaderRules(table=table(f"file,{title}\na.png,1\n"))
    assert caught.value.hint == hint


def test_a_row_has_as_much_of_the_path_as_it_needs(table):
    rules = HeaderRules(table=table("file,PatientID\na.png,1\nx/a.png,2\n./in\\x\\a.png,3\n"))
    found = [
        rules.data_set(picture(), origin(path)).PatientID for path in ("/in/y/a.png", "/up/x/a.png", "/in/x/a.png")
    ]
    assert found == ["1", "2", "3"]


def test_a_row_for_two_files_of_one_name(table):
    rules = HeaderRules(table=table("file,PatientID\na.png,1\n"))
    parts = [origin("/in/x/a.png", "x"), origin("/in/x/a.png", "x", part=1)]
    assert rules.rows_without_file(parts) is None
    with pytest.raises(ConversionError, match=r"row 2 of patients.csv is that of 2 files"):
        rules.rows_without_file([*parts, origin("/in/y/a.png", "y")])


def test_two_patients_in_one_study(table):
    path = table("file,PatientID\na.png,1\nb.png,1\nc.png,2\n")
    for options in ({"study": "1.2.3"}, {"values": {"StudyInstanceUID": "1.2.3"}}):
        with pytest.raises(ConversionError, match=r"rows 2 and 4 of patients.csv are two patients in one study"):
            HeaderRules(table=path, **options)
    HeaderRules(table=path)
    HeaderRules(table=path, study="1.2.3", values={"PatientID": "3"})
    with pytest.raises(ConversionError, match=r"rows 2 and 3 of patients.csv are two patients in one study"):
        HeaderRules(table=table("file,PatientID,StudyInstanceUID\na.png,1,1.2.3\nb.png,2,1.2.3\nc.png,3,1.2.4\n"))


def test_empty_columns_that_programs_leave(table):
    rules = HeaderRules(table=table("file,PatientID,,\na.png,1,, \n"))
    assert rules.data_set(picture(), origin("/in/a.png")).PatientID == "1"


def test_two_objects_of_one_uid(table):
    with pytest.raises(ConversionError, match=r"rows 2 and 4 of patients.csv have the same SOPInstanceUID"):
        HeaderRules(table=table("file,SOPInstanceUID\na.png,1.2.3\nb.png,\nc.png,1.2.3\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "patients.csv is empty"),
        ("\n\n", "patients.csv is empty"),
        ("PatientID,file\n", "first column of patients.csv is not file, path or filename"),
        ("file,PatientNmae\n", "`PatientNmae` is no keyword .*: column 2 of patients.csv"),
        ("file,\na.png,SECRET\n", "row 2 of patients.csv has a value in column 2, which has no keyword"),
        ("file,PatientID,PatientID\n", "column PatientID is there twice"),
        ('file,PatientID,"0010,0020"\n', "column 0010,0020 is there twice"),
        ("file,Rows\n", "Rows cannot be given: it follows from the content: column 2"),
        ("file,ReferencedStudySequence[0]\n", "is an item"),
        ('file,"0029,1010"\n', "not in the data dictionary"),
        ("file,PatientID\na.png\n", "row 2 of patients.csv has 1 cells, expected 2"),
        ("file,PatientID\na.png,1,SECRET\n", "row 2 of patients.csv has 3 cells"),
        ("file,PatientID\n,1\n", "row 2 of patients.csv names no file"),
        ("file,PatientID\na,1\nb,2\na,3\n", "rows 2 and 4 of patients.csv name the same file"),
        (
            "file,PatientBirthDate\na,20200101\nb,SECRET\n",
            "expected a date as YYYYMMDD: row 3, column PatientBirthDate of patients.csv",
        ),
        ("file,PatientSex\na,SECRET\n", "PatientSex is none of its defined terms, expected F, M or O: row 2"),
        (
            "file,InstanceNumber\na,SECRET\n",
            "expected a whole number of at most 12 digits: row 2, column InstanceNumber",
        ),
        ("file,PatientSize\na,SECRET\n", "row 2, column PatientSize"),
        ("file,RequestAttributesSequence\na,SECRET\n", "is a sequence.*row 2"),
        ("file,PatientID\na,SEC\0RET\n", "expected a text of at most 64 characters in one line: row 2"),
        ("file,WindowCenter,WindowWidth\na,1,\n", "row 2 of patients.csv has WindowCenter or WindowWidth"),
        ('file,PatientID\na,"SECRET\n', "row 2 of patients.csv is no CSV"),
        ('file,PatientID\na,"b"c\n', "row 2 of patients.csv is no CSV"),
        (b"file,PatientName\na,SECRET\xff\n", "patients.csv is not in UTF-8"),
        ("file,PatientID\na," + "x" * 200_000 + "\n", "row 2 of patients.csv is no CSV: .* cell is too long"),
        ("file,PatientID\na," + "x" * 100 + "\n", "longer than .* row 2"),
    ],
)
def test_tables_that_are_refused(text, message, table):
    with pytest.raises(ConversionError, match=message) as caught:
        HeaderRules(table=table(text))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table_delimiter": ",,"}, "table_delimiter has to be one character"),
        ({"table_delimiter": '"'}, "table_delimiter has to be one character"),
        ({"table_encoding": "klingon"}, "table_encoding `klingon` is not known"),
        ({"table_encoding": "utf-16"}, "is not in UTF-16"),
        ({"table_key": "picture"}, "has no column `picture`"),
    ],
)
def test_options_that_are_refused(options, message, table):
    with pytest.raises(ConversionError, match=message):
        HeaderRules(table=table("file,PatientID\na,1\n"), **options)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        HeaderRules(table=tmp_path / "none.csv")


@pytest.mark.parametrize("title", ["PatientID", "x", ""])
def test_a_million_columns_cost_no_time(title, table):
    with pytest.raises(LimitError, match="has 1000001 columns"):
        HeaderRules(table=table("file" + f",{title}" * 1_000_000 + "\n"))


def test_many_rows(table):
    """Cells that are the same are checked once."""
    rows = "".join(f"{number}.png,P{number % 50},19700101,M\n" for number in range(20_000))
    rules = HeaderRules(table=table("file,PatientID,PatientBirthDate,PatientSex\n" + rows))
    assert rules.data_set(picture(), origin("19999.png")).PatientID == "P49"
