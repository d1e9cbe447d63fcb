"""`filmless listen`: take instances that peers send into a folder."""

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.entity import check_ae_title
from filmless.cli.option_groups import GroupedCommand, in_group
from filmless.cli.reporting import Misuse, printable

if TYPE_CHECKING:
    from filmless._core import AssociateRequest
    from filmless.dimse.scp.access import Access
    from filmless.dimse.services.folder import Received

__all__ = ["access_for", "listen"]

_ALL = {"4": "0.0.0.0", "6": "::"}  # noqa: S104  others come in only when --allow names them


@click.command(cls=GroupedCommand, short_help="Take instances that peers send by DIMSE into a folder.")
@click.argument("folder", type=Path)
@in_group(
    "Where it listens",
    click.option("--port", type=click.IntRange(0, 65535), default=11112, show_default=True, help="0 for a free one."),
    click.option("--host", metavar="ADDRESS", help="This machine alone; with --allow all of its addresses."),
    click.option("--ae-title", default="FILMLESS", show_default=True, metavar="TITLE", help="Who it is."),
    click.option("--any-ae-title", is_flag=True, help="Whatever peers call it."),
)
@in_group(
    "Who may send",
    click.option(
        "--allow",
        multiple=True,
        metavar="[AE@]ADDRESS",
        help="An address or network, as 10.1.0.0/16, with or without an AE title; repeatable.",
    ),
    click.option("--tls-certificate", type=Path, metavar="FILE", help="Speak TLS, with this certificate."),
    click.option("--tls-key", type=Path, metavar="FILE", help="Its private key, when it is not in the same file."),
    click.option("--tls-authorities", type=Path, metavar="FILE", help="Peers show a certificate of one of these."),
)
@in_group(
    "Files",
    click.option(
        "--layout",
        type=click.Choice(["study", "flat"]),
        default="study",
        show_default=True,
        help="Folders of studies and series, or none.",
    ),
    click.option(
        "--on-existing",
        type=click.Choice(["beside", "replace", "refuse"]),
        default="beside",
        show_default=True,
        help="When another of the same UID is there.",
    ),
    click.option("--durable", is_flag=True, help="Tell of success only when it is on the disk (fsync)."),
)
@click.option(
    "--max-pdu",
    type=click.IntRange(4096, 1 << 24),
    default=131_072,
    show_default=True,
    metavar="BYTES",
    help="PDU that peers are asked to keep to.",
)
@click.option("-v", "--verbose", is_flag=True, help="A line for each instance.")
def listen(folder: Path, port: int, host: str | None, ae_title: str, verbose: bool, **options: Any) -> None:
    """Listen for peers, and write each instance that they send as a file in FOLDER, until Ctrl-C.

    A line `ready AE@HOST:PORT` is written to standard output when it listens. Others than this machine may send only
    where --allow or --tls-authorities says who.

    \b
    filmless listen in/
    filmless listen in/ --port 104 --ae-title STORE --allow CT-1@10.1.2.3 --allow 10.9.0.0/16
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.dimse.scp.access import AccessOptions
    from filmless.dimse.scp.limits import ScpLimits
    from filmless.dimse.scp.scp import Scp
    from filmless.dimse.services.folder import FolderOptions
    from filmless.dimse.services.folder import folder as into
    from filmless.dimse.services.verification import verification
    from filmless.security import check_binding

    tls = _tls(options["tls_certificate"], options["tls_key"], options["tls_authorities"])
    if host is None:
        host = "127.0.0.1" if not options["allow"] and options["tls_authorities"] is None else _ALL["4"]
    tally = _Tally(folder, verbose=verbose)
    layout = FolderOptions(layout=options["layout"], on_existing=options["on_existing"], durable=options["durable"])
    called = ("*",) if options["any_ae_title"] else ()
    access = access_for(options["allow"], AccessOptions(called_ae_titles=called))
    check_binding(host, authenticated=access.is_authenticated(tls), hint="name who may send with --allow")
    scp = Scp(
        check_ae_title(ae_title),
        [verification(), into(folder, options=layout, on_received=tally.add)],
        access=access,
        # What has come is written while the rest is under way.
        limits=ScpLimits(maximum_length=options["max_pdu"], piece_bytes=256 << 10),
        observer=_Refusals(),
    )
    shown = f"[{host}]" if ":" in host else host
    scp.run(host, port, tls=tls, started=lambda found: print(f"ready {ae_title}@{shown}:{found}", flush=True))
    click.echo(tally.summary(), err=True)


def access_for(allowed: tuple[str, ...], options: Any) -> "Access":
    """Return who may come in: peers that are named by addresses, and AE titles before them.

    Raises
    ------
    Misuse
        One of them is none.
    """
    from dataclasses import replace

    from filmless.dimse.scp.access import Access, CallerOptions
    from filmless.errors import SecurityError

    callers = []
    for text in allowed:
        title, at, address = text.rpartition("@")
        try:
            callers.append(CallerOptions(ae_titles=(title if at else "*",), addresses=(address,)))
        except SecurityError as error:
            raise Misuse(f"--allow is [AE@]ADDRESS: {error.message}") from None
    return Access(replace(options, callers=tuple(callers)))


def _tls(certificate: Path | None, key: Path | None, authorities: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None or authorities is not None:
            raise Misuse("--tls-key and --tls-authorities need --tls-certificate")
        return None
    from filmless.security import server_tls
    from filmless.security.options import TlsOptions

    return server_tls(
        TlsOptions(
            certificate=certificate,
            key=key,
            authorities=authorities,
            client_certificates="none" if authorities is None else "required",
        )
    )


class _Refusals:
    """Tells whom it does not let in, and why: who looks for what does not arrive looks here."""

    def began(self, request: "AssociateRequest | None", address: str, outcome: str, reason: str | None) -> None:
        """Tell of an association that is rejected."""
        if outcome == "rejected":
            titles = "" if request is None else f" {request.calling_ae_title}, which called {request.called_ae_title}"
            click.echo(printable(f"refused {address}{titles}: {reason}"), err=True)

    def ended(self, received: int, sent: int) -> None:
        """Take that an association has ended."""

    def operated(self, message: str, kind: str, seconds: float) -> None:
        """Take that an operation ended."""


class _Tally:
    """Counts what came."""

    def __init__(self, folder: Path, *, verbose: bool) -> None:
        self._folder, self._verbose = folder, verbose
        self._lock = threading.Lock()
        self._new = self._there = 0

    def add(self, received: "Received") -> None:
        """Count one, in the thread that wrote it."""
        with self._lock:
            self._new += received.is_new
            self._there += not received.is_new
            if self._verbose:
                name = Path(received.path).relative_to(self._folder).as_posix()
                print(printable(name) if received.is_new else f"{printable(name)} was there", flush=True)

    def summary(self) -> str:
        """Return how many there were."""
        return f"{self._new} received" + (f", {self._there} there already" if self._there else "")
