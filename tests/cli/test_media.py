"""`filmless media`: making, updating and verifying media from a shell."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import filmless
from filmless.file import write


@pytest.fixture
def source(ct: Path, tmp_path: Path) -> Path:
    """Three instances, one of them JPEG 2000, and what is none."""
    from filmless.pixels.transcoding import transcode

    folder = tmp_path / "source"
    (folder / "more").mkdir(parents=True)
    ds = filmless.read(ct)
    for number in range(3):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        ds.InstanceNumber = number
        name = folder / ("more" if number else "") / f"image {number}.dcm"
        write(transcode(ds, "JPEG2000Lossless") if number == 2 else ds, name)
    (folder / "notes.txt").write_text("hello")
    return folder


def unsized(text: str) -> str:
    """Return a closing line without the size it tells."""
    return re.sub(r"\d+\.\d [kM]B:", "SIZE:", text)


def test_create_verify_and_update(invoke, source: Path, ct: Path) -> None:
    result = invoke(
        "media", "create", source, "-o", "disc", "--profile", "std-gen-dvd-j2k", "--id", "MY_DISC", "--uid", "1.2"
    )
    assert (result.exit_code, unsized(result.stdout), result.stderr) == (
        0,
        "3 written, 1 passed over, SIZE: disc\n",
        "",
    )
    ds = filmless.read("disc/DICOMDIR")
    assert (ds.FileSetID, ds.file_meta.MediaStorageSOPInstanceUID) == ("MY_DISC", "1.2")
    assert len(filmless.read_fileset("disc")) == 3
    result = invoke("media", "verify", "disc", "--profile", "STD-GEN-DVD-J2K")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    result = invoke("media", "verify", "disc", "--profile", "STD-GEN-CD")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "DICOM/PT000001/ST000001/SE000001/IM000003: STD-GEN-CD does not allow its transfer syntax"
    ]
    result = invoke("media", "update", "disc", ct, source / "image 0.dcm")
    assert (result.exit_code, unsized(result.stdout)) == (0, "1 written, 1 there already, SIZE: disc\n")
    assert invoke("media", "verify", "disc").exit_code == 0
    Path("disc/DICOM/PT000001/ST000001/SE000001/IM000002").unlink()
    result = invoke("media", "verify", "disc")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == "DICOM/PT000001/ST000001/SE000001/IM000002: the record's file is not there\n"


def test_transcode_and_icons(invoke, source: Path) -> None:
    result = invoke("media", "create", source, "-o", "disc")
    assert result.exit_code == 1
    message, hint = result.stderr.splitlines()
    assert "STD-GEN-CD does not allow the transfer syntax of this file" in message
    assert "image 2.dcm" in message
    assert hint == "hint: `--transcode` decodes; `--profile` STD-GEN-DVD-J2K and general keep it"
    assert not Path("disc").exists()
    result = invoke("media", "create", source, "-o", "disc", "--transcode", "--icons", "--threads", "2")
    assert (result.exit_code, result.stderr) == (0, "")
    images = filmless.read_fileset("disc").find("IMAGE")
    assert [image.read().file_meta.TransferSyntaxUID.keyword for image in images] == ["ExplicitVRLittleEndian"] * 3
    icons = [image.dataset.IconImageSequence[0] for image in images]
    assert [(icon.Rows, icon.Columns) for icon in icons] == [(64, 64)] * 3
    assert all(len(set(icon.PixelData)) > 20 for icon in icons)
    assert icons[0].PixelData == icons[2].PixelData
    assert invoke("media", "verify", "disc", "--profile", "STD-GEN-CD").exit_code == 0


def test_a_zip(invoke, source: Path) -> None:
    result = invoke("media", "create", source, "-o", "disc.zip", "--profile", "general")
    assert (result.exit_code, unsized(result.stdout)) == (0, "3 written, 1 passed over, SIZE: disc.zip\n")
    assert invoke("media", "verify", "disc.zip").exit_code == 0
    result = invoke("media", "verify", "disc.zip", "--max-unpacked", "1000")
    assert result.exit_code == 1
    assert "hint: --max-unpacked" in result.stderr
    shutil.unpack_archive("disc.zip", "unpacked")
    assert invoke("media", "verify", "unpacked").exit_code == 0
    result = invoke("media", "update", "disc.zip", source)
    assert result.exit_code == 1
    assert "a ZIP cannot be updated" in result.stderr


def test_what_is_made_up_and_what_fails_is_told(invoke, ct: Path) -> None:
    Path("in").mkdir()
    for number in range(9):
        ds = filmless.read(ct)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number // 2 * 2}"
        del ds.InstanceNumber
        ds.PatientName = f"Secret^{number}"
        write(ds, f"in/{number}")
    result = invoke("media", "create", "in", "-o", "disc")
    assert result.exit_code == 1
    assert unsized(result.stdout) == "5 written, 4 failed, SIZE: disc\n"
    lines = result.stderr.splitlines()
    assert sum("made up: InstanceNumber" in line for line in lines) == 5
    assert sum("another file with its SOP Instance UID" in line for line in lines) == 4
    assert "Secret" not in result.output
    many = [line for line in lines if "PatientName of the PATIENT record" in line]
    assert len(many) == 1


def test_many_of_a_kind_are_summed_up(invoke, ct: Path) -> None:
    Path("in").mkdir()
    for number in range(20):
        ds = filmless.read(ct)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        del ds.InstanceNumber
        write(ds, f"in/{number}")
    result = invoke("media", "create", "in", "-o", "disc")
    lines = result.stderr.splitlines()
    assert len(lines) == 7
    assert lines[-2].endswith(": 15 more files")
    assert lines[-1] == "hint: --verbose tells of each"
    assert len(invoke("media", "create", "in", "-o", "more", "-v").stderr.splitlines()) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "x"], "missing option '-o'"),
        (["create", "-o", "disc"], "missing argument"),
        (["create", "x", "-o", "disc", "--profile", "STD-GEN-DV"], "no application profile"),
        (["create", "x", "-o", "disc", "--id", "lower"], "a File-set ID is"),
        (["create", "x", "-o", "disc", "--id", "A DISC"], "a File-set ID is"),
        (["create", "x", "-o", "disc", "--uid", "1.02"], "no UID"),
        (["verify"], "missing argument"),
        (["verify", "x", "--profile", "nothing"], "no application profile"),
        (["update", "x"], "missing argument"),
        (["burn", "x"], "no such command"),
    ],
)
def test_wrong_usage(invoke, arguments: list[str], message: str) -> None:
    result = invoke("media", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "hint: " in result.stderr
    assert list(Path().iterdir()) == []


def test_what_is_not_there(invoke, ct: Path) -> None:
    for arguments in (["create", "gone", "-o", "disc"], ["verify", "gone"], ["update", "gone", ct]):
        result = invoke("media", *arguments)
        assert (result.exit_code, result.stderr) == (1, "filmless: no such file or directory: gone\n")
    assert list(Path().iterdir()) == []
    Path("disc").mkdir()
    Path("disc/file").touch()
    result = invoke("media", "create", ct, "-o", "disc")
    message, hint = result.stderr.splitlines()
    assert (result.exit_code, message) == (1, "filmless: is there and not an empty folder: disc")
    assert hint == "hint: name a folder that is missing or empty"
    Path("disc/DICOMDIR").touch()
    assert "`filmless media update`" in invoke("media", "create", ct, "-o", "disc").stderr


def test_names_do_not_move_the_cursor(invoke, ct: Path) -> None:
    invoke("media", "create", ct, "-o", "disc")
    data = Path("disc/DICOMDIR").read_bytes()
    Path("disc/DICOMDIR").write_bytes(data.replace(b"PT000001", b"\x1b[2J0001", 1))
    result = invoke("media", "verify", "disc")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


def test_help_says_what_profiles_there_are(invoke) -> None:
    from filmless.file.media import PROFILES

    assert "create" in invoke("media", "--help").stdout
    text = invoke("media", "create", "--help").stdout
    for name in PROFILES:
        family = name.rpartition("-")[2] if name.startswith("STD-GEN") else name
        assert family in text


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes with names")
def test_an_interruption_leaves_nothing(source: Path, tmp_path: Path) -> None:
    """As a process of its own, stopped in the middle of a file."""
    started, go_on = tmp_path / "started", tmp_path / "go_on"
    os.mkfifo(started)
    os.mkfifo(go_on)
    arguments = ["filmless", "media", "create", str(source), "-o", "disc", "--profile", "general", "--threads", "1"]
    # Only the first file waits: the thread that copies may be at the next one before the main thread stops it.
    code = f"""
import shutil, sys
from pathlib import Path
from filmless.cli.program import main

def copy(source, target):
    Path(target).write_bytes(b"half")
    shutil.copyfile = whole
    Path({str(started)!r}).write_text("")
    Path({str(go_on)!r}).read_text()

whole = shutil.copyfile
shutil.copyfile = copy
sys.argv = {arguments!r}
main()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        try:
            started.read_text()
            process.send_signal(signal.SIGINT)
            go_on.write_text("")
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert not (tmp_path / "disc").exists()


def test_damaged_files_are_told(invoke, ct: Path) -> None:
    Path("in").mkdir()
    Path("in/half").write_bytes(ct.read_bytes()[:20_000])
    result = invoke("media", "create", "in", "-o", "disc")
    assert (result.exit_code, result.stdout) == (1, "0 written, 1 failed: disc\n")
    assert result.stderr == "filmless: damaged, the file ends before its data do: left out: in/half\n"
    assert not Path("disc").exists()
    result = invoke("media", "create", "in", "-o", "disc", "--keep-damaged")
    assert (result.exit_code, unsized(result.stdout)) == (0, "1 written, SIZE: disc\n")
    assert "damaged" in result.stderr
    result = invoke("media", "verify", "disc")
    assert result.exit_code == 1
    assert result.stdout == "DICOM/PT000001/ST000001/SE000001/IM000001: the file ends before its data do\n"


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not killed by signals")
def test_after_a_process_was_killed_there_is_a_way_on(invoke, source: Path, tmp_path: Path) -> None:
    code = f"""
import os, shutil, sys
from pathlib import Path
from filmless.cli.program import main

def copy(source, target):
    Path(target).write_bytes(b"half")
    os.kill(os.getpid(), 9)

shutil.copyfile = copy
sys.argv = {["filmless", "media", "create", str(source), "-o", "disc", "--profile", "general"]!r}
main()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    for arguments in (["create", source, "-o", "disc"], ["update", "disc", source]):
        result = invoke("media", *arguments)
        message, hint = result.stderr.splitlines()
        assert result.exit_code == 1
        assert message.startswith("filmless: holds an unfinished file-set")
        assert hint == f"hint: when none is at work, remove {Path('disc/DICOM')}, then `create` again"
    shutil.rmtree("disc/DICOM")
    assert invoke("media", "create", source, "-o", "disc", "--profile", "general").exit_code == 0


def test_what_is_unlike_an_unfinished_file_set_is_not_to_be_removed(invoke, ct: Path) -> None:
    Path("disc/DICOM/PT000001").mkdir(parents=True)
    Path("disc/DICOM/PT000001/thesis.txt").touch()
    assert "remove" not in invoke("media", "create", ct, "-o", "disc").stderr
    Path("disc.zip.part").touch()
    assert "remove disc.zip.part" in invoke("media", "create", ct, "-o", "disc.zip").stderr


def test_a_folder_that_cannot_be_read_is_told(invoke, closed, ct: Path) -> None:
    closed("in")
    result = invoke("media", "create", "in", "-o", "disc")
    assert (result.exit_code, result.stdout) == (1, "0 written, 1 failed: disc\n")
    assert result.stderr == "filmless: cannot be read, permission denied: in\n"
