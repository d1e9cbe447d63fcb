"""How errors read: one line on stderr, a hint below it when there is a remedy, never a value of a data set."""

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from filmless.errors import DicomError

__all__ = ["Batch", "Failure", "Misuse", "is_broken_pipe", "is_of_stdout", "printable", "report", "say", "writing"]

Description = tuple[str, str | None]


class Failure(click.ClickException):
    """Ends the program with one readable line and exit code 1.

    Parameters
    ----------
    message
        What is wrong; no line when it is empty, because all was said before.
    hint
        What to do about it.
    """

    def __init__(self, message: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: object = None) -> None:  # noqa: ARG002  click's signature
        """Write the lines to stderr."""
        if self.message:
            say(self.message, self.hint)


class Misuse(click.UsageError):
    """Ends the program with one readable line and exit code 2.

    Parameters
    ----------
    message
        What is wrong with the command line.
    hint
        What to do about it; by default how to see the usage.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def say(message: str, hint: str | None = None) -> None:
    """Write one line to stderr, and one with the hint."""
    # `click.echo` would write past the bar that rich shows on a terminal.
    print(f"filmless: {_one_line(message)}", file=sys.stderr)
    if hint:
        print(f"hint: {_one_line(hint)}", file=sys.stderr)


def report(error: Exception, path: str | None = None) -> None:
    """Tell of an error, and with ``filmless --debug`` where it was raised.

    Parameters
    ----------
    error
        What was raised.
    path
        The file that was worked on, for errors that do not know.
    """
    root = click.get_current_context().find_root()
    if root.params.get("debug"):
        traceback.print_exception(error)
    say(*_described(error, path))


def is_broken_pipe(error: BaseException) -> bool:
    """Tell whether whoever read our output has stopped."""
    return isinstance(error, OSError) and error.errno in {errno.EPIPE, errno.ESHUTDOWN}


def is_of_stdout(error: BaseException) -> bool:
    """Tell whether an error is that of stdout, where nothing more can be written, and not of a file."""
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None
    return full or is_broken_pipe(error)


class Batch:
    """Files one after the other: what is wrong with one is told, and the next is taken."""

    def __init__(self) -> None:
        self.files = 0
        self.failed: set[str] = set()

    @contextmanager
    def file(self, path: str, *, counted: bool = False) -> Iterator[None]:
        """Work on one file; an error of it ends here.

        Parameters
        ----------
        path
            The file.
        counted
            Whether it was worked on before, and counted then.
        """
        self.files += not counted
        try:
            yield
        except click.ClickException:
            raise
        except Exception as error:  # one bad file does not stop the rest
            if is_of_stdout(error):
                raise
            self.failed.add(path)
            report(error, path)

    def finish(self) -> None:
        """End with exit code 1, and a summary of many files, when something failed."""
        if self.failed and self.files > 1:
            say(f"{len(self.failed)} of {self.files} files failed")
        if self.failed:
            raise Failure


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Name the file that was asked for in errors of the system, not the temporary one or none."""
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    try:
        yield
    except OSError as error:
        what = error.strerror or str(error)
        raise OSError(error.errno, f"cannot write, {what[:1].lower()}{what[1:]}", str(target)) from error


def _described(error: Exception, path: str | None) -> Description:
    if isinstance(error, DicomError):
        if error.path is None:
            error.path = path
        message, _, hint = str(error).partition("\nhint: ")
        return message, hint or None
    if isinstance(error, OSError):
        return _described_by_system(error, path)
    if isinstance(error, MemoryError):
        return f"out of memory, in {path}" if path else "out of memory", None
    where = f", in {path}" if path else ""
    # Its text could hold a value of the data set: the type alone says enough.
    return (
        f"this is a bug of filmless, {type(error).__name__}{where}",
        "`filmless --debug ...` shows where; please report that (it may show values of the file)",
    )


def _described_by_system(error: OSError, path: str | None) -> Description:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else path
    what = error.strerror or str(error) or type(error).__name__
    what = what[:1].lower() + what[1:]
    is_unexpected = error.errno == errno.EISDIR or (sys.platform == "win32" and error.errno == errno.EACCES)
    hint = "`filmless scan` reads whole folders" if name and is_unexpected and Path(name).is_dir() else None
    return what if name is None or name in what else f"{what}: {name}", hint


def printable(text: str, instead: str = "·") -> str:
    """Return a text that moves no cursor of a terminal, whatever a file, its name or a peer says."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else instead for letter in text)


def _one_line(text: str) -> str:
    """Names of files may hold anything: nothing of it moves the cursor of a terminal."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    clean = printable(text, "�")
    return clean.encode(encoding, "backslashreplace").decode(encoding)
