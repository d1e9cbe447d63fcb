"""What is different on a terminal: colours, lines cut to its width, a bar while many files are worked on."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

if sys.platform == "win32":
    pytest.skip("needs the pseudo-terminals of POSIX", allow_module_level=True)

import fcntl
import pty
import termios

COLUMNS = 72
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def on_terminal(tmp_path: Path):
    """Run the command with a terminal as stdout and stderr; gives what it shows."""

    def call(*arguments: object) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        command = [sys.executable, "-c", "from filmless.cli import main; main()", *map(str, arguments)]
        variables = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
        with subprocess.Popen(
            command, cwd=tmp_path, env={**variables, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            shown = b""
            while True:
                try:
                    part = os.read(ours, 1 << 16)
                except OSError:  # how Linux tells that the other side was closed
                    break
                if not part:
                    break
                shown += part
        os.close(ours)
        return shown.decode()

    return call


def test_lines_are_coloured_and_cut(on_terminal, ct: Path) -> None:
    shown = on_terminal("dump", ct)
    assert "\x1b[36m(0008,0060) " in shown
    lines = ESCAPE.sub("", shown).splitlines()
    assert max(map(len, lines)) == COLUMNS
    assert any(line.endswith("…") for line in lines)
    whole = ESCAPE.sub("", on_terminal("dump", "--long", ct))
    assert "…" not in whole


def test_notices_stand_beside_the_bar(on_terminal, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "an artist"
    for name in ("a.jpg", "b.jpg"):
        Image.new("L", (8, 8)).save(tmp_path / name, exif=exif)
    shown = re.split(r"[\r\n]+", ESCAPE.sub("", on_terminal("convert", "a.jpg", "b.jpg", "-o", "out")))
    assert any("2/2" in line for line in shown)
    assert sum(line.startswith("filmless: ") for line in shown) == 3
    assert not any("filmless: " in line[1:] for line in shown)
