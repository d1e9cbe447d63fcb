"""What a terminal can show, asked of its environment, of the system, and of itself."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from typing import Literal, NamedTuple, TextIO

__all__ = ["Colours", "Protocol", "Screen", "screen_of"]

Colours = Literal["none", "256", "true"]
Protocol = Literal["blocks", "kitty", "sixel"]

#: Pixels of a cell, width and height, where nobody says.
_CELL = (8, 16)
#: How long a terminal may think: over a slow line, and once only.
_PATIENCE_S = 0.5
#: "Your text area in pixels?" and "who are you?"; every terminal answers the second, so what was not answered by then
#: will not be.
_QUESTIONS = b"\x1b[14t\x1b[c"
_IDENTITY = re.compile(rb"\x1b\[\?([0-9;]*)c")
_PIXELS = re.compile(rb"\x1b\[4;([0-9]{1,5});([0-9]{1,5})t")
_SIXEL = b"4"
_KITTY_PROGRAMS = {"ghostty", "kitty", "WezTerm"}
_KITTY_TERMS = ("kitty", "ghostty", "wezterm")
_SIXEL_TERMS = ("foot", "mlterm", "yaft", "contour")


class Screen(NamedTuple):
    """How much room there is, in cells, how large a cell is in pixels, and what may be shown."""

    columns: int
    rows: int
    cell: tuple[int, int]
    colours: Colours
    protocol: Protocol
    #: Whether what is meant for the terminal has to be wrapped to get past tmux.
    in_tmux: bool


class _Answers(NamedTuple):
    has_sixel: bool = False
    #: Width and height in pixels.
    pixels: tuple[int, int] | None = None


def screen_of(stream: TextIO, *, protocol: Protocol | None = None) -> Screen:
    """Find out what a stream can show.

    Parameters
    ----------
    stream
        Where the picture goes.
    protocol
        The one to use, whatever the terminal says.

    Returns
    -------
    Screen
        Of a pipe or file: half blocks, 80 by 24 cells, in colours unless the environment forbids them.
    """
    environment = os.environ
    columns, rows = shutil.get_terminal_size()
    colours = _colours(environment, stream)
    in_tmux = bool(environment.get("TMUX"))
    is_terminal = stream.isatty() and environment.get("TERM") != "dumb"
    pixels = _pixels_by_system(stream) if is_terminal else None
    chosen = protocol
    if chosen is None and is_terminal and colours != "none" and not in_tmux and _is_kitty(environment):
        chosen = "kitty"
    if chosen is None and is_terminal and colours != "none" and _is_sixel(environment):
        chosen = "sixel"
    # A terminal is asked only when it matters: that reads from the keyboard.
    if is_terminal and ((chosen is None and colours != "none") or (chosen not in (None, "blocks") and pixels is None)):
        answers = _ask(stream)
        pixels = pixels or answers.pixels
        chosen = chosen or ("sixel" if answers.has_sixel else None)
    cell = (max(1, pixels[0] // columns), max(1, pixels[1] // rows)) if pixels and columns and rows else _CELL
    return Screen(columns, rows, cell, colours, chosen or "blocks", in_tmux)


def _colours(environment: Mapping[str, str], stream: TextIO) -> Colours:
    term = environment.get("TERM") or ("windows" if sys.platform == "win32" else "dumb")
    if environment.get("NO_COLOR") or term == "dumb" or not _holds_blocks(stream):
        return "none"
    rich = environment.get("COLORTERM") in {"truecolor", "24bit"} or term.endswith("-direct") or term == "windows"
    return "true" if rich else "256"


def _holds_blocks(stream: TextIO) -> bool:
    try:
        "▀".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _is_kitty(environment: Mapping[str, str]) -> bool:
    term = environment.get("TERM", "")
    by_program = environment.get("TERM_PROGRAM") in _KITTY_PROGRAMS or bool(environment.get("KITTY_WINDOW_ID"))
    return by_program or any(name in term for name in _KITTY_TERMS)


def _is_sixel(environment: Mapping[str, str]) -> bool:
    # Inside tmux TERM is that of tmux, which has to be asked.
    return environment.get("TERM", "").split("-")[0] in _SIXEL_TERMS


def _pixels_by_system(stream: TextIO) -> tuple[int, int] | None:
    if sys.platform == "win32":
        return None
    import fcntl
    import struct
    import termios

    try:
        answer = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return None
    _, _, width, height = struct.unpack("4H", answer)
    return (width, height) if width and height else None


def _ask(stream: TextIO) -> _Answers:
    """Ask the terminal itself; needs one that can be written to and read from."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        return _Answers()
    import termios
    import tty

    source = sys.stdin.fileno()
    try:
        before = termios.tcgetattr(source)
        try:
            # No echo, and bytes as they come: the answer has no end of line.
            tty.setcbreak(source, termios.TCSANOW)
            stream.flush()
            os.write(stream.fileno(), _QUESTIONS)
            heard = _hear(source)
        finally:
            termios.tcsetattr(source, termios.TCSANOW, before)
    except (OSError, termios.error):
        return _Answers()
    identity, pixels = _IDENTITY.search(heard), _PIXELS.search(heard)
    size = (int(pixels[2]), int(pixels[1])) if pixels else None
    has_sixel = identity is not None and _SIXEL in identity[1].split(b";")[1:]
    return _Answers(has_sixel, size if size and all(size) else None)


def _hear(source: int) -> bytes:
    import select
    import time

    heard = b""
    end = time.monotonic() + _PATIENCE_S
    while not _IDENTITY.search(heard) and len(heard) < 4096:
        left = end - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0]:
            break
        part = os.read(source, 1024)
        if not part:
            break
        heard += part
    return heard
