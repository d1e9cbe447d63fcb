"""Files that are written whole or not at all, by writers that go back in what they write."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

__all__ = ["whole_file"]

_numbers = itertools.count()


@contextmanager
def whole_file(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes its name when the block ends, and is gone when it raises.

    As `filmless._core.write_bytes`, which is for bytes that are all there.

    Raises
    ------
    OSError
        What the file system says, of the path that was asked for.
    """
    target = Path(fspath(path))
    file, temporary = _create_beside(target)
    try:
        with file:
            yield file
        _rename(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _create_beside(target: Path) -> tuple[BinaryIO, Path]:
    while True:
        temporary = target.with_name(f".{target.name[:48]}.{os.getpid()}-{next(_numbers)}.tmp")
        try:
            return temporary.open("x+b"), temporary
        except FileExistsError:
            continue
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(target)) from None


def _rename(temporary: Path, target: Path) -> None:
    try:
        temporary.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from None
