"""Files that are written whole or not at all, by writers that go back in what they write."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

from filmless import _core

__all__ = ["whole_file"]

_numbers = itertools.count()


@contextmanager
def whole_file(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes its name when the block ends, and is gone when it raises.

    As `filmless._core.write_bytes`, which is for bytes that are all there: a link is followed, and what is no file, as
    a FIFO, is written to when the block ends.

    Raises
    ------
    OSError
        What the file system says, of the path that was asked for.
    """
    target = _core.destination(fspath(path))
    if target is None:
        # Tifffile wants a name.
        with tempfile.NamedTemporaryFile() as held:
            yield held  # type: ignore[misc]
            held.seek(0)
            with open(path, "wb") as device:  # noqa: PTH123
                shutil.copyfileobj(held, device)
        return
    asked = fspath(path)
    file, temporary = _create_beside(target, asked)
    try:
        with file:
            yield file
        _rename(temporary, target, asked)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _create_beside(target: Path, asked: str) -> tuple[BinaryIO, Path]:
    while True:
        temporary = target.with_name(f".{target.name[:48]}.{os.getpid()}-{next(_numbers)}.tmp")
        try:
            return temporary.open("x+b"), temporary
        except FileExistsError:
            continue
        except OSError as error:
            raise type(error)(error.errno, error.strerror, asked) from None


def _rename(temporary: Path, target: Path, asked: str) -> None:
    try:
        temporary.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, asked) from None
