"""`filmless archive`: the upkeep of an archive from a shell."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import filmless
from filmless.archive import Archive
from filmless.cli.program import program
from filmless.file import write


@pytest.fixture
def source(ct: Path, tmp_path: Path) -> Path:
    """Three instances of two studies, and what is none."""
    folder = tmp_path / "source"
    folder.mkdir()
    ds = filmless.read(ct)
    for number in range(3):
        ds.StudyInstanceUID = f"1.2.{number // 2 + 1}"
        ds.SeriesInstanceUID = f"1.2.{number // 2 + 1}.1"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        ds.InstanceNumber = number
        ds.PatientName = "Doe^#[31mJane" if number == 2 else "Doe^Jane"
        write(ds, folder / f"{number}.dcm")
        data = (folder / f"{number}.dcm").read_bytes()
        (folder / f"{number}.dcm").write_bytes(data.replace(b"#[31m", b"\x1b[31m"))
    (folder / "notes.txt").write_text("hello")
    return folder


@pytest.fixture
def run(invoke, tmp_path: Path):
    """Run a command on the archive of this test; give its stdout."""

    def call(command: str, *arguments: object, code: int = 0) -> str:
        result = invoke("archive", command, *arguments, "--data", tmp_path / "data")
        assert result.exit_code == code, result.output
        return result.stdout

    return call


@pytest.fixture
def filled(run, source: Path):
    run("import", source)
    return run


def test_import_tells_what_became_of_files(run, source: Path) -> None:
    assert run("import", source) == "3 stored, 1 passed over\n"
    found = json.loads(run("import", source, "--json"))
    assert (found["identical"], len(found["passed_over"])) == (3, 1)
    (source / "cut.dcm").write_bytes((source / "0.dcm").read_bytes()[:200])
    assert run("import", source, code=1) == "0 stored, 3 identical, 1 passed over, 1 failed\n"


def test_list_shows_studies_and_whatever_is_asked_for(filled) -> None:
    lines = filled("list").splitlines()
    assert len(lines) == 2
    assert lines[0].split()[0] == "20040119"
    assert "\x1b" not in "".join(lines)
    assert filled("list", "StudyInstanceUID=1.2.2").count("\n") == 1
    rows = [json.loads(line) for line in filled("list", "--level", "instance", "--json").splitlines()]
    assert sorted(row["00080018"]["Value"][0] for row in rows) == ["1.2.3.0", "1.2.3.1", "1.2.3.2"]
    assert "Manufacturer" not in filled("list", "--level", "series", "--include", "Manufacturer", "Modality=MR")
    assert "GE MEDICAL" in filled("list", "--level", "series", "--include", "Manufacturer", "Modality=CT")
    assert filled("list", "--limit", "1").count("\n") == 1
    filled("list", "NoSuchKeyword=1", code=2)
    filled("list", "secret", code=2)


def test_stats(filled) -> None:
    assert json.loads(filled("stats", "--json"))["instances"] == 3
    lines = [line.split() for line in filled("stats").splitlines()]
    assert lines[lines.index(["MODALITY", "SERIES", "INSTANCES", "SIZE"]) + 1][:3] == ["CT", "2", "3"]
    assert ["TRANSFER", "SYNTAX", "INSTANCES", "SIZE"] in lines
    assert "instances               3" in filled("stats")


def test_delete_asks_and_deletes(filled, invoke, tmp_path: Path) -> None:
    assert filled("delete", "StudyInstanceUID=1.2.1", "--dry-run").startswith("would delete 2 instances of 1 study")
    filled("delete", "StudyInstanceUID=1.2.1", code=1)  # no terminal, no --yes
    assert len(filled("list").splitlines()) == 2
    filled("delete", "PatientID=*", "--yes", code=2)
    filled("delete", "PatientID=", "--yes", code=2)
    assert filled("delete", "SOPInstanceUID=1.2.3.0", "--yes") == "1 deleted\n"
    assert filled("delete", "StudyInstanceUID=1.2.1", "--yes") == "1 deleted\n"
    assert len(filled("list").splitlines()) == 1
    result = invoke("archive", "delete", "StudyInstanceUID=9.9", "--yes", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "nothing in the archive matches" in result.stderr


def test_edit_merge_and_back(filled) -> None:
    assert filled("edit", "--study", "1.2.1", "PatientID=4711", "--yes") == "2 edited, 0 unchanged, 0 failed\n"
    assert "4711" in filled("list", "StudyInstanceUID=1.2.1")
    assert filled("edit", "--patient", "1CT1", "--into-patient", "4711", "--yes").startswith("1 edited")
    assert len(filled("list", "PatientID=4711").splitlines()) == 2
    assert filled("edit", "--study", "1.2.2", "--into-study", "1.2.1", "--yes").startswith("1 edited")
    assert len(filled("list").splitlines()) == 1
    kept = json.loads(filled("originals", "--json"))
    assert len(kept) == 4
    [first] = [original for original in kept if original["instance_uid"] == "1.2.3.0"]
    assert (first["study_uid"], first["changed"]) == ("1.2.1", ["PatientID"])
    head, *lines = filled("originals", "--study", "1.2.2").splitlines()
    assert head.split() == ["NAME", "EDITED", "STUDY", "INSTANCE", "CHANGED"]
    assert len(lines) == 2
    assert "StudyInstanceUID" in lines[1]
    filled("originals", "--restore", first["sha256"][:12], "--yes", code=1)  # what was merged has the new ID
    filled("originals", "--restore", code=2)
    assert filled("originals", "--restore", "--study", "1.2.2", "--yes") == "1.2.3.2: is what it was\n"
    filled("originals", "--restore", first["sha256"][:12], code=1)  # no terminal, no --yes
    undone = filled("originals", "--restore", first["sha256"][:12], "--yes")
    assert undone == "2 instances: are what they were\n"
    rows = [line.split()[1] for line in filled("list", "StudyInstanceUID=1.2.1").splitlines()]
    assert rows == ["1CT1"]
    assert len(filled("list").splitlines()) == 2
    assert filled("originals", "--restore", "--study", "1.2.2", "--yes") == "1.2.3.2: is what it was\n"
    assert filled("list", "PatientID=4711") == ""
    filled("originals", "--restore", "--study", "1.2.2", "--yes", code=1)
    filled("edit", "PatientID=1", "--yes", code=2)
    filled("edit", "--study", "1.2.1", "--yes", code=2)
    filled("edit", "--study", "1.2.1", "SOPInstanceUID=1", "--yes", code=1)
    filled("edit", "--study", "1.2.1", "PatientBirthDate=soon", "--yes", code=1)


def test_what_is_deleted_for_good_is_kept_nowhere(filled, tmp_path: Path) -> None:
    def kept() -> int:
        return len([path for path in (tmp_path / "data").rglob("*.dcm") if path.parts[-3] == "originals"])

    filled("edit", "--patient", "1CT1", "PatientComments=x", "--yes")
    what = filled("delete", "StudyInstanceUID=1.2.2", "--dry-run")
    assert what.startswith("would delete 1 instance of 1 study")
    assert what.endswith("and 1 kept of them beside\n")
    filled("delete", "StudyInstanceUID=1.2.2", "--yes")
    assert kept() == 2
    filled("delete", "SOPInstanceUID=1.2.3.1", "--keep-originals", "--yes")
    assert kept() == 2
    assert "deleted 1 study\n" in filled("prune", "--older-than", "365", "--age", "study_date", "--yes")
    assert kept() == 1


def test_the_examples_of_help_are_lines(run) -> None:
    for command in ("edit", "delete", "list", "export"):
        assert f"\n  filmless archive {command} " in run(command, "--help")


def test_a_target_that_is_not_there_is_told_from_what_is_to_go(filled, invoke, tmp_path: Path) -> None:
    wrong = ("edit", "--study", "1.2.1", "--into-study", "9.9", "--yes", "--data", tmp_path / "data")
    assert "what they are to go into is not in the archive" in invoke("archive", *wrong).output


def test_an_edit_says_when_one_id_would_be_of_two_people(filled, invoke, tmp_path: Path) -> None:
    def edit(*what: str) -> str:
        result = invoke("archive", "edit", "--study", *what, "--yes", "--data", tmp_path / "data")
        assert result.exit_code == 0
        return result.stderr

    assert edit("1.2.2", "PatientID=8", "PatientName=Roe^Richard") == ""
    told = edit("1.2.1", "PatientID=8", "--dry-run")
    assert "1 other study of the archive has this Patient ID under another name" in told
    assert "--into-patient" in told
    assert "Roe" not in told
    assert "other name" not in edit("1.2.1", "PatientID=8", "PatientName=Roe^Richard")
    assert edit("1.2.1", "PatientID=9") == ""
    assert "other name" in edit("1.2.1", "PatientID=8", "PatientName=Roe^R")


def test_conflicts_are_listed_shown_and_settled(filled, source: Path) -> None:
    ds = filmless.read(source / "0.dcm")
    ds.PatientComments = "another"
    write(ds, source / "0.dcm")
    assert "1 quarantined" in filled("import", source)
    [conflict] = json.loads(filled("conflicts", "--json"))
    assert conflict["instance_uid"] == "1.2.3.0"
    head, line = filled("conflicts").splitlines()
    assert head.split() == ["NUMBER", "RECEIVED", "PATIENT", "STUDY", "INSTANCE", "SHA-256"]
    assert line.split()[3:6] == ["1CT1", "1.2.1", "1.2.3.0"]
    assert filled("conflicts", conflict["id"]) == "PatientComments: absent -> another\n"
    assert filled("conflicts", conflict["id"], "--resolve", "take") == "1.2.3.0: take\n"
    assert filled("conflicts") == ""
    assert len(filled("originals").splitlines()) == 2
    filled("conflicts", "7", code=1)
    filled("conflicts", "--resolve", "keep", code=2)


def test_verify_and_rebuild(filled, tmp_path: Path) -> None:
    assert filled("verify").endswith("all is well\n")
    (tmp_path / "data" / "index.sqlite").unlink()
    assert filled("rebuild") == "3 instances, 0 conflicts, 0 failed\n"
    assert json.loads(filled("verify", "--json", "--from-start"))["sound"]
    path = next((tmp_path / "data" / "instances").rglob("*.dcm"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "1 damaged" in filled("verify", code=1)


def test_export_backup_and_restore(filled, invoke, tmp_path: Path) -> None:
    assert filled("export", "StudyInstanceUID=1.2.1", "-o", "out.zip") == "2 written, 0 failed: out.zip\n"
    with zipfile.ZipFile("out.zip") as packed:
        assert sorted(packed.namelist()) == ["1.2.1/1.2.1.1/1.2.3.0.dcm", "1.2.1/1.2.1.1/1.2.3.1.dcm"]
    filled("export", "StudyInstanceUID=1.2.1", "--fileset", "-o", "disc")
    assert invoke("media", "verify", "disc").exit_code == 0
    assert filled("backup", "copy") == "3 copied, 0 there already, 0 removed: copy\n"
    assert json.loads(filled("backup", "copy", "--json"))["there"] == 3
    next((tmp_path / "data" / "instances").rglob("*.dcm")).unlink()
    assert filled("backup", "copy", code=1) == "0 copied, 2 there already, 0 removed, 1 failed: copy\n"
    result = invoke("archive", "restore", "copy", "--data", tmp_path / "new")
    assert result.exit_code == 0
    with Archive(tmp_path / "new") as archive:
        assert len(archive.entries("1.2.1")) == 2


def test_prune(filled) -> None:
    filled("prune", "--yes", code=2)
    filled("prune", "--max-size", "much", "--yes", code=2)
    assert filled("prune", "--max-size", "1T", "--yes") == "deleted 0 studies\n"
    assert "would delete 2 studies" in filled("prune", "--older-than", "365", "--age", "study_date", "--dry-run")
    filled("prune", "--older-than", "365", "--age", "study_date", code=1)
    assert "deleted 2 studies" in filled("prune", "--older-than", "365", "--age", "study_date", "--yes")


def test_the_settings_of_the_server_say_which_archive(filled, invoke, tmp_path: Path) -> None:
    (tmp_path / "data" / "index.sqlite").rename(tmp_path / "elsewhere.sqlite")
    index = f"sqlite:///{(tmp_path / 'elsewhere.sqlite').as_posix()}"
    config = tmp_path / "settings.toml"
    config.write_text(f'data = "data"\nindex = "{index}"\n[arrival]\nduplicates = "replace"\n')
    result = invoke("archive", "list", "--config", config)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    ds = filmless.read(tmp_path / "source" / "0.dcm")
    ds.PatientComments = "another"
    write(ds, tmp_path / "other.dcm")
    assert "1 replaced" in invoke("archive", "import", tmp_path / "other.dcm", "--config", config).stdout
    assert invoke("archive", "list", "--config", config, "--data", tmp_path / "nowhere").exit_code == 1
    config.write_text('[archive]\nstorage = "s3://bucket"\n')
    assert invoke("archive", "list", "--config", config).exit_code == 1


def test_there_has_to_be_an_archive(run, invoke, tmp_path: Path) -> None:
    for command in (["list"], ["stats"], ["verify"], ["rebuild"], ["conflicts"], ["delete", "PatientID=1", "--yes"]):
        run(*command, code=1)
    assert not (tmp_path / "data").exists()
    result = invoke("archive", "import", tmp_path / "nothing", "--data", tmp_path / "data")
    assert result.exit_code == 1


def test_what_reads_works_beside_a_server_and_what_writes_says_no(filled, invoke, tmp_path: Path) -> None:
    with Archive(tmp_path / "data"):
        assert len(filled("list").splitlines()) == 2
        assert filled("verify").endswith("all is well\n")
        filled("backup", "copy")
        result = invoke("archive", "delete", "PatientID=1CT1", "--yes", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "in use by another process" in result.stderr


def test_the_command_line_starts_without_the_archive() -> None:
    script = "import sys, filmless.cli.program; print([m for m in sys.modules if 'filmless.archive' in m])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_keeps_the_lines_of_examples() -> None:
    def helps(command: click.Command, context: click.Context) -> Iterator[str]:
        yield command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                one = command.get_command(context, name)
                assert one is not None
                yield from helps(one, click.Context(one, parent=context, info_name=name))

    texts = list(helps(program, click.Context(program, info_name="filmless")))
    assert len(texts) > 25
    assert [text for text in texts if "\\b" in text] == []
    assert any("\n  filmless archive list --level series StudyInstanceUID=1.2.3 --json\n" in text for text in texts)


def test_what_is_changed_is_in_the_audit(filled, source: Path, tmp_path: Path) -> None:
    ds = filmless.read(source / "0.dcm")
    ds.InstitutionName = "another"
    write(ds, source / "0.dcm")
    filled("import", source)
    [conflict] = json.loads(filled("conflicts", "--json"))
    filled("conflicts", conflict["id"], "--resolve", "take")
    filled("edit", "--study", "1.2.1", "PatientName=Roe^Jane", "--yes")
    filled("originals", "--restore", "1.2.3.1", "--yes")
    filled("edit", "--study", "1.2.2", "--into-study", "1.2.1", "--yes")
    filled("delete", "SOPInstanceUID=1.2.3.0", "--yes")
    filled("prune", "--max-size", "0", "--yes")
    for command in (("delete", "PatientID=*", "--dry-run"), ("prune", "--max-size", "0", "--dry-run")):
        filled(*command, code=2 if "PatientID=*" in command else 0)
    text = (tmp_path / "data" / "audit.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {(line["by"], line["outcome"]) for line in lines} == {("command line", "success")}
    assert all(line["who"] for line in lines)
    assert [(line["operation"], *line["uids"]["studies"]) for line in lines] == [
        ("archive import", "1.2.1", "1.2.2"),
        ("archive import", "1.2.1", "1.2.2"),
        ("archive conflicts take", "1.2.1"),
        ("archive edit", "1.2.1"),
        ("archive originals restore", "1.2.1"),
        ("archive merge studies", "1.2.1", "1.2.2"),
        ("archive delete", "1.2.1"),
        ("archive prune", "1.2.1"),
    ]
    assert (lines[0]["stored"], lines[1]["quarantined"], lines[3]["edited"], lines[-2]["deleted"]) == (3, 1, 2, 1)
    assert "Doe" not in text
    assert "Roe" not in text
