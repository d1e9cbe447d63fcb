"""`filmless show`: what the codes that it writes make a terminal show."""

import io
import os
import re
import shutil
import sys
import time
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless.cli.blocks import ascii_lines, block_lines
from filmless.cli.graphics import kitty, past_tmux, sixel
from filmless.cli.screen import _Answers, screen_of
from filmless.convert import to_dicom
from filmless.convert.out.png import encode_png

_SGR = re.compile(r"\x1b\[([0-9;]*)m")


@pytest.fixture
def grey() -> np.ndarray:
    y, x = np.mgrid[0:30, 0:40]
    return ((x * 5 + y * 2 + (x * y) % 7) % 256).astype(np.uint8)


@pytest.fixture
def colour(grey) -> np.ndarray:
    return np.dstack([grey, grey[::-1], 255 - grey])


@pytest.fixture(autouse=True)
def colourful(monkeypatch) -> None:
    """Of the environment only what a test says."""
    for name in ("NO_COLOR", "COLORTERM", "TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


def seen(lines) -> np.ndarray:
    """What a terminal makes of half blocks; -1 where its own background shows."""
    rows = []
    for line in lines:
        upper, lower, front, back = [], [], None, [-1] * 3
        assert line.endswith("\x1b[0m")
        for index, part in enumerate(_SGR.split(line)):
            if index % 2:
                plane, _, value = part.partition(";")
                numbers = [int(number) for number in value.split(";")] if value else []
                shown = _rgb(numbers) if numbers else [-1] * 3
                if plane == "38":
                    front = shown
                elif plane in {"48", "49"}:
                    back = shown
                continue
            for letter in part:
                assert letter in " ▀"
                upper.append(front if letter == "▀" else back)
                lower.append(back)
        rows += [upper, lower]
    return np.array(rows)


def _rgb(numbers: list[int]) -> list[int]:
    if numbers[0] == 2:
        return numbers[1:]
    number = numbers[1]
    if number >= 232:
        return [8 + 10 * (number - 232)] * 3
    steps = (0, 95, 135, 175, 215, 255)
    return [steps[(number - 16) // 36], steps[(number - 16) // 6 % 6], steps[(number - 16) % 6]]


def test_half_blocks_are_the_picture(grey, colour) -> None:
    np.testing.assert_array_equal(seen(block_lines(grey, "true")), np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(seen(block_lines(colour, "true")), colour)
    odd = seen(block_lines(colour[:5], "true"))
    np.testing.assert_array_equal(odd[:5], colour[:5])
    assert (odd[5] == -1).all()


def test_of_256_colours_the_nearest_is_taken(grey, colour) -> None:
    off = np.abs(seen(block_lines(grey, "256")) - grey[..., None].astype(int))
    assert off.max() <= 9  # above the lightest grey of the ramp, 238, comes 255
    assert 0 < off.mean() < 3
    assert np.abs(seen(block_lines(colour, "256")) - colour.astype(int)).mean() < 25


def test_letters_cover_more_where_it_is_lighter() -> None:
    ramp = np.arange(0, 256, 8, dtype=np.uint8)[None]
    (line,) = ascii_lines(ramp)
    order = " .:-=+*#%@"
    ranks = [order.index(letter) for letter in line]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(10))
    assert list(ascii_lines(np.repeat(ramp[..., None], 3, axis=2))) == [line]


def unsixel(text: str) -> np.ndarray:
    """Draw sixels as DEC describes them."""
    head = re.match(r'\x1bP[0-9;]*q"1;1;(\d+);(\d+)', text)
    assert head
    assert text.endswith("\x1b\\")
    columns, rows = int(head[1]), int(head[2])
    picture = np.full((rows + 6, columns, 3), -1)
    palette: dict[int, list[int]] = {}
    x = y = number = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([?-~])|(\$)|(-)", text[head.end() : -2]):
        register, red, green, blue, count, repeated, letter, carriage, line = token.groups()
        if register:
            number = int(register)
            if red:
                palette[number] = [int(red), int(green), int(blue)]
        elif carriage:
            x = 0
        elif line:
            x, y = 0, y + 6
        else:
            bits = ord(repeated or letter) - 63
            end = x + int(count or 1)
            for row in range(6):
                if bits >> row & 1:
                    picture[y + row, x:end] = palette[number]
            x = end
    assert (picture[rows:] == -1).all()
    return picture[:rows] * 2.55


def test_sixels_are_the_picture(grey, colour) -> None:
    flat = np.full((13, 600), 77, np.uint8)  # runs longer than one count
    for picture in (grey, flat, grey[:1], grey[:, :1]):
        assert np.abs(unsixel(sixel(picture)) - picture[..., None]).max() <= 1.3
    drawn = unsixel(sixel(colour))
    assert drawn.min() >= 0
    assert np.abs(drawn - colour).mean() < 6
    few = np.where(grey[..., None] > 99, [255, 0, 0], [0, 102, 255]).astype(np.uint8)
    assert np.abs(unsixel(sixel(few)) - few).max() <= 1.3


def test_kitty_gets_the_png_in_chunks() -> None:
    picture = np.random.default_rng(4).integers(0, 256, (100, 120), dtype=np.uint8)
    commands = kitty(encode_png(picture), columns=10, rows=4)
    parts = [re.fullmatch(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", command) for command in commands]
    assert all(parts)
    assert len(parts) > 2
    assert [part[1].split(",")[-1] for part in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    assert {"a=T", "f=100", "c=10", "r=4"} < set(parts[0][1].split(","))
    assert all(len(part[2]) == 4096 for part in parts[:-1])
    with Image.open(io.BytesIO(b64decode("".join(part[2] for part in parts)))) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)


def test_tmux_hands_it_on() -> None:
    assert past_tmux("\x1b_Gm=0;\x1b\\") == "\x1bPtmux;\x1b\x1b_Gm=0;\x1b\x1b\\\x1b\\"


class _Stream(io.StringIO):
    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("variables", "terminal", "expected"),
    [
        ({}, False, ("true", "blocks")),
        ({"COLORTERM": ""}, False, ("256", "blocks")),
        ({"KITTY_WINDOW_ID": "1"}, False, ("true", "blocks")),
        ({"KITTY_WINDOW_ID": "1"}, True, ("true", "kitty")),
        ({"TERM": "xterm-ghostty"}, True, ("true", "kitty")),
        ({"TERM_PROGRAM": "WezTerm"}, True, ("true", "kitty")),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux,1,0"}, True, ("true", "blocks")),
        ({"TERM": "foot"}, True, ("true", "sixel")),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, True, ("none", "blocks")),
        ({"TERM": "dumb"}, True, ("none", "blocks")),
        ({"TERM": "xterm"}, True, ("true", "blocks")),
    ],
)
def test_what_a_screen_can(monkeypatch, variables, terminal, expected) -> None:
    monkeypatch.setattr("filmless.cli.screen._ask", lambda stream: _Answers())
    monkeypatch.setattr("filmless.cli.screen._pixels_by_system", lambda stream: None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = screen_of(_Stream(terminal=terminal))
    assert (screen.colours, screen.protocol) == expected


def test_a_character_set_without_blocks_gets_letters() -> None:
    assert screen_of(_Stream(terminal=False, encoding="ascii")).colours == "none"


def shown(output: str) -> np.ndarray:
    return seen(output.splitlines()[1:])


def test_the_picture_is_shown_in_a_pipe(invoke, ct: Path) -> None:
    result = invoke("show", ct, "--width", "40", "--window", "40,400")
    assert (result.exit_code, result.stderr) == (0, "")
    title, *_ = result.stdout.splitlines()
    assert title == "CT_small.dcm: CT, 128 × 128"
    expected = filmless.pixels.render(filmless.read(ct), window=(40, 400), size=40)
    np.testing.assert_array_equal(shown(result.stdout), expected[..., None].repeat(3, axis=2))


def test_nothing_of_the_patient_is_shown(invoke, ct: Path) -> None:
    dataset = filmless.read(ct)
    dataset.PatientName, dataset.PatientID = "Secret^Person", "4711-0815"
    dataset.save_as("a.dcm")
    output = invoke("show", "a.dcm").output
    assert "Secret" not in output
    assert "4711-0815" not in output


def test_a_modality_moves_no_cursor(invoke, ct: Path) -> None:
    dataset = filmless.read(ct)
    dataset.Modality = "\x1b[2J"
    dataset.save_as("a.dcm")
    assert invoke("show", "a.dcm").stdout.startswith("a.dcm: ·[2J, 128 × 128\n")


def test_frames(invoke, grey) -> None:
    to_dicom(np.stack([grey // 2, grey, grey // 3])).save_as("many.dcm")
    outputs = [invoke("show", "many.dcm", "--window", "full", *more).stdout for more in ([], ["--frame", "0"])]
    assert outputs[0].startswith("many.dcm: OT, 40 × 30, frame 1 of 0-2\n")
    assert outputs[1].startswith("many.dcm: OT, 40 × 30, frame 0 of 0-2\n")
    light, dark = (shown(output).mean() for output in outputs)
    assert light == pytest.approx(2 * dark, rel=0.05)
    result = invoke("show", "many.dcm", "--frame", "3")
    assert result.exit_code == 1
    assert result.stderr.startswith("filmless: frame 3 does not exist, expected 0 to 2")


def test_a_pipe_has_no_end(invoke, ct: Path) -> None:
    assert shown(invoke("show", ct).stdout).shape == (44, 44, 3)  # 80 by 24 cells
    assert shown(invoke("show", ct, "--width", "100").stdout).shape == (100, 100, 3)


def test_pixels_that_are_not_square(invoke, grey) -> None:
    ds = to_dicom(grey)
    ds.PixelAspectRatio = [1, 2]
    ds.save_as("wide.dcm")
    assert shown(invoke("show", "wide.dcm", "--width", "40").stdout).shape == (16, 40, 3)


def test_letters_without_colours(invoke, ct: Path, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    result = invoke("show", ct, "--width", "30")
    assert "\x1b" not in result.stdout
    lines = result.stdout.splitlines()[1:]
    assert len(lines) == 15
    assert max(map(len, lines)) <= 30


def test_a_protocol_can_be_asked_for(invoke, ct: Path) -> None:
    assert "\x1bP0;1;0q" in invoke("show", ct, "--protocol", "sixel").stdout
    assert "\x1b_Ga=T" in invoke("show", ct, "--protocol", "kitty").stdout


def test_one_bad_file_does_not_stop_the_rest(invoke, ct: Path) -> None:
    Path("bad.dcm").write_bytes(b"nothing" * 99)
    filmless.Dataset().save_as("bare.dcm")
    result = invoke("show", "bad.dcm", "bare.dcm", ct)
    assert result.exit_code == 1
    assert "CT, 128 × 128" in result.stdout
    assert result.stderr.count("filmless: ") == 3
    assert result.stderr.endswith("filmless: 2 of 3 files failed\n")


@pytest.mark.parametrize(
    "arguments",
    [["--frame", "-1"], ["--window", "1"], ["--window", "1,2", "--voi", "0"], ["--width", "0"], ["--protocol", "x"]],
)
def test_wrong_usage(invoke, ct: Path, arguments) -> None:
    result = invoke("show", ct, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_state_has_to_be_one(invoke, ct: Path) -> None:
    result = invoke("show", ct, "--presentation-state", ct)
    assert result.exit_code == 2
    assert "presentation state" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs the pseudo-terminals of POSIX")
@pytest.mark.parametrize(
    ("answer", "sign"),
    [
        (b"\x1b[4;600;720t\x1b[?62;4;22c", "\x1bP0;1;0q"),
        (b"\x1b[?62;22c", "▀"),
        (b"\x1b[?64;14;24;42c", "▀"),  # 4 as a part of another number
    ],
)
def test_a_terminal_is_asked(tmp_path, ct: Path, answer: bytes, sign: str) -> None:
    written = _on_terminal(tmp_path, ["show", str(ct)], answer)
    assert sign in written
    assert "^[" not in written.partition("\x1bP")[0]  # the answer is not echoed
    assert written.count("\x1b[c") == 1
    if sign != "▀":
        drawn = unsixel(written[written.index("\x1bP") : written.index("\x1b\\") + 2])
        # 72 x 24 cells of 10 x 25 pixels, less the rows of title and prompt.
        assert drawn.shape[:2] == (550, 550)


def _on_terminal(folder: Path, arguments: list[str], answer: bytes) -> str:
    import fcntl
    import pty
    import struct
    import subprocess
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
    # We answer for sure, but perhaps late: the machine may be busy.
    patient = "from filmless.cli import main, screen; screen._PATIENCE_S = 60; main()"
    command = [sys.executable, "-c", patient, *arguments]
    written = b""
    with subprocess.Popen(command, cwd=folder, env=dict(os.environ), stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        answered = False
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # how Linux tells that the other side was closed
                break
            if not part:
                break
            written += part
            if not answered and b"\x1b[c" in written:
                os.write(ours, answer)
                answered = True
    os.close(ours)
    return written.decode()


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_tmux_shows_the_picture(tmp_path, ct: Path) -> None:
    """A terminal that is not ours: what it says stands in its cells."""
    import subprocess

    script = tmp_path / "run.sh"
    program = f"{sys.executable} -c 'from filmless.cli import main; main()'"
    show = f"{program} show {ct} --width 40 --window 40,400"
    script.write_text(f"export COLORTERM=truecolor\n{show}\ntmux wait-for -S shown\nexec cat\n")
    socket = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    size = ["-x", "60", "-y", "30"]
    subprocess.run([*socket, "new-session", "-d", *size, f"sh {script}"], check=True, timeout=60)
    try:
        subprocess.run([*socket, "wait-for", "shown"], check=True, timeout=60)
        captured = subprocess.run(
            [*socket, "capture-pane", "-e", "-p"], check=True, capture_output=True, timeout=60, encoding="utf-8"
        ).stdout
    finally:
        subprocess.run([*socket, "kill-server"], check=False, timeout=60)
    expected = filmless.pixels.render(filmless.read(ct), window=(40, 400), size=40)
    lines = captured.splitlines()
    assert lines[0] == "CT_small.dcm: CT, 128 × 128"
    colours = re.findall(r"38;2;(\d+);(\d+);(\d+)", "".join(lines[1:21]))
    known = {str(level) for level in np.unique(expected)}
    assert len(colours) > 100
    assert {red for red, _, _ in colours} <= known


def test_of_all_colours_the_nearest_of_256_is_taken() -> None:
    steps = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps]
    palette = np.array(cube + [(8 + 10 * step,) * 3 for step in range(24)])
    picture = np.random.default_rng(7).integers(0, 256, (40, 200, 3), dtype=np.uint8)
    picture[:2] = np.arange(200)[:, None]
    nearest = ((picture[:, :, None].astype(int) - palette) ** 2).sum(axis=3).argmin(axis=2)
    np.testing.assert_array_equal(seen(block_lines(picture, "256")), palette[nearest])


def test_a_colour_is_said_once(grey) -> None:
    flat = np.full((2, 50), 7, np.uint8)
    assert list(block_lines(flat, "true")) == ["\x1b[48;2;7;7;7m" + " " * 50 + "\x1b[0m"]
    flat[0] = 200
    assert list(block_lines(flat, "256")) == ["\x1b[48;5;232m\x1b[38;5;251m" + "▀" * 50 + "\x1b[0m"]
    assert list(block_lines(flat[:1], "true")) == ["\x1b[38;2;200;200;200m" + "▀" * 50 + "\x1b[0m"]


def test_a_wide_picture_is_quick(invoke, ct: Path) -> None:
    dataset = filmless.read(ct)
    picture = filmless.pixels.render(dataset, size=2000)
    start = time.process_time()
    lines = list(block_lines(picture, "true"))
    assert time.process_time() - start < 4  # where each cell was gone through, 6 and more
    assert len(lines) == 1000
    assert invoke("show", ct, "--width", "2001").exit_code == 2


def test_without_pixels_that_is_what_is_said(invoke) -> None:
    filmless.Dataset({"Modality": "RTPLAN"}).save_as("plan.dcm")
    result = invoke("show", "plan.dcm")
    assert result.exit_code == 1
    assert "there is no pixel data" in result.stderr
