"""Pages of a PDF drawn in a process of their own.

A page is a program: it can be made to run for days, in a library that cannot be interrupted and knows no threads. A
process can be ended, and draws beside others.
"""

import json
import re
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.spawn import get_executable
from os import environ, fsdecode, pathsep
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.documents._draw import GREETING as _GREETING
from filmless.errors import ConversionError, UnsupportedError

__all__ = ["drawn_pages"]

_SECONDS_PER_PAGE = 60.0
_SECONDS_TO_BEGIN = 60.0
_PROGRAM = Path(__file__).with_name("_draw.py")
_NO_PYTHON = "pages of PDF are drawn by a Python of their own, which cannot be started"
_SET_EXECUTABLE = "in a frozen or embedded Python, `multiprocessing.set_executable` names one that has pypdfium2"


def drawn_pages(
    data: bytes,
    sizes: Sequence[tuple[int, int]],
    colour: tuple[int, int, int],
    *,
    first: int = 0,
    seconds_per_page: float = _SECONDS_PER_PAGE,
) -> Generator[NDArray[np.uint8], None, None]:
    """Give the pages of a PDF, drawn.

    Parameters
    ----------
    data
        The file, which opens.
    sizes
        Columns and rows of the pages that are drawn.
    colour
        Of the paper.
    first
        Which page is the first of them, from 0.
    seconds_per_page
        How long a page may take.

    Yields
    ------
    NDArray
        Shape (rows, columns), or (rows, columns, 3) when a pixel is not grey.

    Raises
    ------
    ConversionError
        A page is damaged, or takes too long.
    UnsupportedError
        There is no Python to draw them.
    """
    process = _started()
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
    try:
        request = {"sizes": sizes, "first": first, "colour": colour, "seconds": 2 * seconds_per_page}
        _begin(process, request, data)
        for number, (columns, rows) in enumerate(sizes, first):
            with _within(seconds_per_page, process) as late:
                pixels = process.stdout.read(4 * columns * rows)
            if len(pixels) < 4 * columns * rows:
                why = f"takes more than {seconds_per_page:g} s" if late.is_set() else "cannot be drawn: it is damaged"
                raise ConversionError(f"a page of the PDF {why}", frame=number)
            yield _grey_or_colour(np.frombuffer(pixels, np.uint8).reshape(rows, columns, 4))
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not read any more
                pipe.close()
        process.wait()


def _started() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - it is Python itself
            [_python(), "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environ, "PYTHONPATH": pathsep.join(map(str, sys.path))},
        )
    except OSError as error:
        raise UnsupportedError(_NO_PYTHON, feature="pages of PDF", hint=_SET_EXECUTABLE) from error


def _python() -> str:
    """Return the Python that is started: the one of `multiprocessing`, which programs that embed Python can set.

    Raises
    ------
    UnsupportedError
        There is none: to start the program that Python is in would start it again, and not draw.
    """
    executable = fsdecode(get_executable() or "")
    is_this = getattr(sys, "frozen", False) and executable == sys.executable
    if is_this or not re.match(r"(?:python|pypy|graalpy)", Path(executable).name, re.IGNORECASE):
        raise UnsupportedError(_NO_PYTHON, feature="pages of PDF", hint=_SET_EXECUTABLE)
    return executable


def _begin(process: subprocess.Popen[bytes], request: dict[str, Any], data: bytes) -> None:
    """Give the program what it needs, all of which it reads before it writes."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
    with _within(_SECONDS_TO_BEGIN, process):
        with suppress(OSError):  # it ended: it does not greet
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.write(data)
            process.stdin.close()
        greeting = process.stdout.read(len(_GREETING))
    if greeting != _GREETING:
        raise UnsupportedError(_NO_PYTHON, feature="pages of PDF", hint=_SET_EXECUTABLE)


@contextmanager
def _within(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[Event]:
    """End a process that takes longer, which the event tells."""
    late = Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _grey_or_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = (pixels[..., sample] for sample in range(3))
    is_grey = np.array_equal(red, green) and np.array_equal(red, blue)
    return np.ascontiguousarray(red if is_grey else pixels[..., :3])
