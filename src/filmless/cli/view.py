"""`filmless view`: look at files, folders and media in a browser, without taking them in."""

import sys
import tempfile
import threading
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.option_groups import GroupedCommand
from filmless.cli.peers import client_of, web_options
from filmless.cli.reporting import Failure, Misuse, printable, say
from filmless.cli.sources import of_files
from filmless.errors import DicomError

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient
    from filmless.server import Addresses
    from filmless.server.looking import Looked, Names
    from filmless.server.shown import Shown

__all__ = ["view"]

_PATIENCE_S = 1.0  # for what is found at once: one study is opened, of several their list
_EVERY_S = 0.1
_SHOWN = (
    "what can be viewed: DICOM files, a folder or a ZIP of them, a medium by its DICOMDIR; "
    "by their names pictures, films and documents (JPEG, PNG, TIFF, MP4, PDF, ...)"
)
_TITLE = b"<title>filmless"
_REALM = 'realm="filmless"'


@click.command(cls=GroupedCommand, short_help="Look at files, folders, CDs and archives in a browser.")
@click.argument("targets", nargs=-1, required=True, metavar="FOLDER|FILE...|URL")
@click.option("--browser/--no-browser", default=True, help="Open the browser, or say alone where to look.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port to listen at. [a free one]")
@click.option("--save-to", type=Path, metavar="DIR", help="Folder that measurements are saved to, as DICOM files.")
@click.option("--everything", is_flag=True, help="Also files of a medium that its DICOMDIR does not refer to.")
@web_options
def view(
    targets: tuple[str, ...], browser: bool, port: int, save_to: Path | None, everything: bool, **peer: Any
) -> None:
    """Show DICOM files in a browser, until Ctrl-C. They stay where they are; nothing is written beside them.

    A folder is shown with all that is below it, a medium (CD, DVD, USB) by its DICOMDIR. Ordinary pictures, films and
    documents (JPEG, PNG, TIFF, PDF, ...) that are named, and what is in a ZIP, are shown out of a temporary folder,
    which goes at the end. A line `ready URL` is written to standard output when requests are answered; what is found
    until then can be looked at while the rest is gone through.

    Of an archive in the network that has this viewer, that is opened. Of any other with DICOMweb, such as Orthanc, the
    studies are listed, and each is fetched into the temporary folder when it is opened.

    \b
    filmless view ~/scans
    filmless view /media/cdrom
    filmless view slice.dcm photo.jpg
    filmless view ~/scans --save-to ~/measured --no-browser
    filmless view http://archive.example:8104
    filmless view https://pacs.example/dicom-web --key-file key
    """  # noqa: D301 - \b keeps the lines of examples
    if any(target.lower().startswith(("http://", "https://")) for target in targets):
        if len(targets) > 1 or everything:
            raise Misuse("an archive's URL stands alone")
        _open_archive(targets[0], is_opened=browser, port=port, save_to=save_to, peer=peer)
        return
    if given := [name for name in ("headers", "key_file", "ca_file", "client_cert") if peer[name]]:
        raise Misuse(f"--{given[0].replace('_', '-').removesuffix('s')} is for archives of the network")
    paths = tuple(map(Path, targets))
    for path in paths:
        if not path.exists():
            raise Failure(f"there is no such file or folder: {path}")
    # Late: an archive of the network is opened without the services and the web framework.
    from filmless.server.shown import Shown

    told = _Told(has_folder=any(map(Path.is_dir, paths)))
    _show(Shown(paths=paths, everything=everything, save_to=save_to), told, is_opened=browser, port=port)


def _show(shown: "Shown", told: "_Told", *, is_opened: bool, port: int) -> None:
    from filmless.server import Server, read_settings
    from filmless.viewer import StaticFiles

    if not StaticFiles.built().are_there:
        raise Failure("the viewer was not built", "`make viewer` builds it; wheels of filmless have it in them")
    if shown.save_to is not None:
        shown.save_to.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="filmless-view-", ignore_cleanup_errors=True) as folder:
        settings = read_settings(given={"data": folder, "http.port": port, "logs.level": "error"})

        def ready(addresses: "Addresses") -> None:
            print(f"ready {addresses.urls[0]}/", flush=True)
            if is_opened:
                # Some browsers run in the terminal, until they are left.
                threading.Thread(target=_open, args=(addresses.urls[0], told), daemon=True).start()

        Server(settings, shown=shown, tell=told).run(ready=ready)


def _open(root: str, told: "_Told") -> None:
    """Open the browser: at the study, when all is one and found at once, else at the list."""
    told.done.wait(_PATIENCE_S)
    page = "/"
    if told.done.is_set():
        import httpx

        found = httpx.get(f"{root}/dicom-web/studies?limit=2", timeout=_PATIENCE_S).json()
        if len(found) == 1:
            page = f"/view/{found[0]['0020000D']['Value'][0]}"
    _browse(root + page)


def _browse(url: str) -> None:
    if not webbrowser.open(url):
        say("there is no browser to open", f"open {url} in one")


class _Told:
    """Tells how far it is on a terminal, and at the end what was found."""

    def __init__(self, *, has_folder: bool, is_silent: bool = False) -> None:
        self.done = threading.Event()
        self._has_folder, self._is_silent = has_folder, is_silent
        self._last = 0.0
        self._is_watched = sys.stderr.isatty()

    def __call__(self, looked: "Looked") -> None:
        """Tell."""
        if self._is_silent:
            self.done.set()
            return
        if looked.done.is_set():
            self._wipe()
            _summarise(looked, has_folder=self._has_folder)
            self.done.set()
        elif self._is_watched and (now := time.monotonic()) - self._last > _EVERY_S:
            self._last = now
            print(f"\r{looked.files:,} files, {looked.instances:,} instances", end="", file=sys.stderr, flush=True)

    def _wipe(self) -> None:
        if self._is_watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _summarise(looked: "Looked", *, has_folder: bool) -> None:
    made = f", {looked.pictures:,} of them made of what is no DICOM" if looked.pictures else ""
    if looked.instances:
        say(f"{'1 instance is' if looked.instances == 1 else f'{looked.instances:,} instances are'} shown{made}")
    else:
        # What was named, and is a picture, is shown: only in a folder is it passed over.
        by_name = "ordinary pictures are shown when they are named: `filmless view photo.jpg`"
        hint = by_name if has_folder and looked.other.count else _SHOWN
        say("there is nothing to show" if looked.files else "there is nothing to show: no file is there", hint)
    if looked.mended:
        say(f"{of_files(looked.mended, 'that lacked UIDs or a preamble')} completed for this view alone")
    if looked.duplicates:
        say(f"{of_files(looked.duplicates, 'of an instance that another file is of, too,')} passed over")
    _say_names(looked.other, "is no DICOM and was", "are no DICOM and were", "passed over")
    _say_names(looked.missing, "that the DICOMDIR refers to is", "that the DICOMDIR refers to are", "missing")
    _say_names(looked.unlisted, "is not in the DICOMDIR and was", "are not in the DICOMDIR and were", "passed over")
    if looked.unlisted.count:
        print("hint: `--everything` shows them, too", file=sys.stderr)
    for what in looked.failed.first:
        say(f"not shown: {what}")
    if (more := looked.failed.count - len(looked.failed.first)) > 0:
        say(f"{more:,} further files cannot be shown")
    if looked.trouble is not None:
        say(f"not all was looked at: {looked.trouble.message}", looked.trouble.hint)


def _say_names(names: "Names", one: str, many: str, what: str) -> None:
    if names.count:
        rest = ", …" if names.count > len(names.first) else ""
        count = "1 file" if names.count == 1 else f"{names.count:,} files"
        listed = ", ".join(map(printable, names.first))
        say(f"{count} {one if names.count == 1 else many} {what}: {listed}{rest}")


# -- archives of the network -------------------------------------------------------------------------------------------


def _open_archive(url: str, *, is_opened: bool, port: int, save_to: Path | None, peer: dict[str, Any]) -> None:
    """Open the viewer of an archive that has one; look at another with ours."""
    root = url.rstrip("/").removesuffix("/dicom-web")
    if not _has_viewer(root, peer):
        _look_at(url, is_opened=is_opened, port=port, save_to=save_to, peer=peer)
        return
    if port or save_to is not None:
        raise Misuse("this archive has the viewer: where it is and what it keeps is its own affair")
    print(f"ready {root}/", flush=True)
    if is_opened:
        _browse(f"{root}/")


def _look_at(url: str, *, is_opened: bool, port: int, save_to: Path | None, peer: dict[str, Any]) -> None:
    """Look at an archive that has DICOMweb."""
    from filmless.server.shown import Shown

    client, name = _service(url, peer)
    told = _Told(has_folder=False, is_silent=True)
    say(f"the studies at {name} are listed; one that is opened is fetched into a temporary folder")
    _show(Shown(other=client, name=name, save_to=save_to), told, is_opened=is_opened, port=port)


def _service(url: str, peer: dict[str, Any]) -> "tuple[BlockingClient, str]":
    """Find the DICOMweb service at a URL, or where most have it below; and what it is called."""
    error: DicomError | None = None
    for tried in dict.fromkeys((url, f"{url.rstrip('/')}/dicom-web")):
        client = client_of(tried, **peer)
        try:
            list(client.search_studies(limit=1))
        except DicomError as found:
            client.close()
            error = error or found
            continue
        return client, _where(tried)
    why = "" if error is None else f": {error.message}"
    hint = "the URL of a service ends as /dicom-web as a rule; --key-file has a key to show"
    raise Failure(f"there is neither a viewer of filmless nor DICOMweb{why}", hint)


def _where(url: str) -> str:
    """Return host and port of a URL, without who asks and their password."""
    import httpx

    try:
        return httpx.URL(url).netloc.decode("ascii")
    except httpx.InvalidURL:
        return "what is no URL"


def _has_viewer(root: str, peer: dict[str, Any]) -> bool:
    import httpx

    with client_of(root, **peer):  # complains of what is no URL, and of options
        pass
    import ssl

    ca_file = peer["ca_file"]
    verify = True if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
    try:
        answer = httpx.get(f"{root}/", verify=verify, timeout=peer["timeout"] or 60.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failure(f"the archive does not answer, {type(error).__name__}: {_where(root)}") from None
    # Where one has to sign in the browser asks for it.
    asks = answer.status_code == 401 and _REALM in answer.headers.get("www-authenticate", "")
    return asks or (answer.status_code == 200 and _TITLE in answer.content[:4096])
