"""Services in the network, as a command line names them: by a URL, or by a name of the configuration."""

import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from filmless.cli.reporting import Misuse

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["client_of", "peer_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

_DIMSE = re.compile(r"[^/@\s]+@[^/@\s]+:\d+")

_OPTIONS = (
    click.option("--key-file", type=Path, metavar="FILE", help="A file with the key or token to show."),
    click.option(
        "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of each request; repeatable."
    ),
    click.option("--ca-file", type=Path, metavar="FILE", help="Certificates of authorities to trust."),
    click.option(
        "--client-cert", nargs=2, type=str, metavar="CERT KEY", help="Files of a client certificate and its key."
    ),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="How long nothing may come. [60]"
    ),
    click.option(
        "--retries", type=click.IntRange(min=0), default=3, show_default=True, metavar="N", help="Tries again."
    ),
    click.option(
        "--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="The configuration with names of peers."
    ),
)


def peer_options(command: Command) -> Command:
    """Give a command the options of how a peer is dealt with."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def client_of(
    peer: str,
    *,
    key_file: Path | None,
    headers: tuple[str, ...],
    ca_file: Path | None,
    client_cert: tuple[str, str] | None,
    timeout: float | None,
    retries: int,
    config: Path | None,
) -> "BlockingClient":
    """Return a client of a peer; arguments are those of `peer_options`.

    Raises
    ------
    Misuse
        The peer is neither a URL nor a name of the configuration.
    """
    from filmless.dicomweb import BlockingClient

    url = peer
    if not peer.lower().startswith(("http://", "https://")):
        if _DIMSE.fullmatch(peer):
            raise Misuse("DIMSE peers (AE@HOST:PORT) come with the next issue", "give the URL of its DICOMweb service")
        named = _named(peer, config)
        url, key_file, ca_file = named.url, key_file or named.token_file, ca_file or named.ca_file
        timeout = named.timeout_s if timeout is None else timeout
    try:
        return BlockingClient(
            url,
            auth=None if key_file is None else key_file.read_text().strip(),
            headers=dict(map(_header, headers)),
            verify=True if ca_file is None else ssl.create_default_context(cafile=str(ca_file)),
            certificate=client_cert,
            timeout_s=60.0 if timeout is None else timeout,
            retries=retries,
        )
    except ValueError as error:
        raise Misuse(f"{error}") from None


def _named(name: str, config: Path | None) -> Any:
    hint = "give a URL, or a name under [peers] of the file that --config or FILMLESS_CONFIG names"
    if config is None:
        raise Misuse(f"`{name}` is no URL", hint)
    from filmless.server.settings.reading import read_settings

    peers = read_settings(config).peers
    if name not in peers:
        raise Misuse(f"`{name}` is no peer of {config}, which has {', '.join(sorted(peers)) or 'none'}", hint)
    return peers[name]


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isprintable():
        raise Misuse("--header is NAME:VALUE")
    return name, value.strip()
