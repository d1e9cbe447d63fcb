"""Pages of a PDF drawn in a process of their own.

A page is a program: it can be made to run for days, in a library that cannot be interrupted and knows no threads. A
process can be ended, and draws beside others.
"""

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from os import environ, pathsep
from pathlib import Path
from threading import Timer

import numpy as np
from numpy.typing import NDArray

from filmless.errors import ConversionError

__all__ = ["drawn_pages"]

_SECONDS_PER_PAGE = 60.0
_PROGRAM = Path(__file__).with_name("_draw.py")


def drawn_pages(
    data: bytes,
    sizes: Sequence[tuple[int, int]],
    colour: tuple[int, int, int],
    *,
    seconds_per_page: float = _SECONDS_PER_PAGE,
) -> Generator[NDArray[np.uint8], None, None]:
    """Give the pages of a PDF, drawn.

    Parameters
    ----------
    data
        The file, which opens.
    sizes
        Columns and rows of its pages.
    colour
        Of the paper.
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
    """
    process = _started(data, sizes, colour)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        for number, (columns, rows) in enumerate(sizes):
            timer = Timer(seconds_per_page, process.kill)
            timer.daemon = True
            timer.start()
            pixels = process.stdout.read(4 * columns * rows)
            is_late = not timer.is_alive()
            timer.cancel()
            if len(pixels) < 4 * columns * rows:
                why = f"takes more than {seconds_per_page:g} s" if is_late else "cannot be drawn: it is damaged"
                raise ConversionError(f"a page of the PDF {why}", frame=number)
            yield _grey_or_colour(np.frombuffer(pixels, np.uint8).reshape(rows, columns, 4))
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _started(data: bytes, sizes: Sequence[tuple[int, int]], colour: tuple[int, int, int]) -> subprocess.Popen[bytes]:
    """Start the program, and give it what it needs: it reads all before it writes."""
    if not sys.executable:
        raise ConversionError("pages of PDF are drawn by a process of Python, which `sys.executable` does not name")
    process = subprocess.Popen(  # noqa: S603 - it is Python itself
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environ, "PYTHONPATH": pathsep.join(sys.path)},
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        process.stdin.write(json.dumps({"sizes": sizes, "colour": colour}).encode() + b"\n")
        process.stdin.write(data)
        process.stdin.close()
    except OSError:
        pass  # it ended: nothing comes out of it, which is told
    return process


def _grey_or_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = (pixels[..., sample] for sample in range(3))
    is_grey = np.array_equal(red, green) and np.array_equal(red, blue)
    return np.ascontiguousarray(red if is_grey else pixels[..., :3])
