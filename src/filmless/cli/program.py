"""The program: its commands, its exit codes, and what becomes of every error."""

import io
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

import filmless
from filmless.cli.archive import archive
from filmless.cli.check import check
from filmless.cli.convert import convert
from filmless.cli.dump import dump
from filmless.cli.edit import edit
from filmless.cli.later import Later
from filmless.cli.media import media
from filmless.cli.reporting import Failure, Misuse, is_broken_pipe, is_of_stdout, report, say
from filmless.cli.scan import scan
from filmless.cli.show import show
from filmless.cli.transcode import transcode

__all__ = ["main", "program"]

_INTERRUPTED = 130


class Program(click.Group):
    """A group of commands that ends with one line and an exit code, whatever happens."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, and exit: 0 done, 1 an error of a file, 2 wrong usage, 130 interrupted."""
        _prepare_streams()
        extra["standalone_mode"] = False
        try:
            code = super().main(args, prog_name, **extra)
            sys.stdout.flush()
        except click.Abort:
            code = _INTERRUPTED
        except click.UsageError as error:
            _show_usage(error)
            code = error.exit_code
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except OSError as error:
            if not is_broken_pipe(error):
                say(f"cannot write, {(error.strerror or str(error)).lower()}: standard output")
            _discard_stdout()
            code = 1
        sys.exit(code or 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it does not expect ends in a line too."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if is_of_stdout(error):
                raise
            report(error)
            raise Failure from error


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(filmless.__version__, "-V", "--version", prog_name="filmless", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show where an error was raised; may show values of the file.")
@click.pass_context
def program(context: click.Context, debug: bool) -> None:  # noqa: ARG001  `report` asks the context for it
    """DICOM files: show, check, convert and edit them."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (dump, show, check, convert, transcode, edit, scan, media, archive):
    program.add_command(_command)
for _later in (
    Later("view", short_help="Look at files, folders, CDs and archives in a browser."),
    Later("serve", short_help="Serve an archive over DICOMweb and DIMSE."),
    Later("key", short_help="Make, list and revoke keys for programs that use the archive."),
    Later("forward", short_help="Show and change what waits for being sent on."),
    Later("echo", short_help="Ask whether a peer of the network answers."),
    Later("find", short_help="Search in an archive of the network."),
    Later("get", short_help="Fetch files from an archive of the network."),
    Later("delete", short_help="Delete in an archive of the network, for good."),
    Later("store", short_help="Send files to an archive of the network."),
    Later("move", short_help="Have an archive of the network send to a third."),
    Later("listen", short_help="Take instances that peers send by DIMSE into a folder."),
):
    program.add_command(_later)


def main() -> NoReturn:
    """Run the command line, as the program ``filmless`` does.

    Notes
    -----
    The exit code is 0 when all was done, 1 when a file could not be worked on, 2 when the command was used wrongly, and
    130 when it was interrupted.

    DICOM
    -----
    PS3.10 7, PS3.3 A.8
    """
    program.main(prog_name="filmless")


def _prepare_streams() -> None:
    # A value may hold letters that a pipe's or terminal's character set lacks: show them escaped rather than fail.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_stdout() -> None:
    """Drop what is still buffered for a reader that has gone, so that the interpreter does not try again."""
    with open("/dev/null" if sys.platform != "win32" else "nul", "w") as nothing:  # noqa: PTH123
        import os

        try:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
        except (OSError, ValueError):
            sys.stdout = io.StringIO()


def _show_usage(error: click.UsageError) -> None:
    message, hint = error.format_message(), getattr(error, "hint", None)
    if not isinstance(error, Misuse):  # in click's style
        message = message[:1].lower() + message[1:].rstrip(".")
    command = error.ctx.command_path if error.ctx else "filmless"
    say(message, hint or f"`{command} --help` shows the usage")
