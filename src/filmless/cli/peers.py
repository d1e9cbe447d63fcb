"""Peers in the network, as a command line names them: a URL, `AE@HOST:PORT`, or a name of the configuration."""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from filmless.cli.entity import Entity
from filmless.cli.option_groups import in_group
from filmless.cli.reporting import Misuse

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["client_of", "dimse_options", "entity_of", "peer_of", "peer_options", "web_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

_TIMEOUT_S = 60.0
_OWN_AE_TITLE = "FILMLESS"
_MAX_PDU = 131_072

_SHARED = (
    click.option(
        "--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="The configuration with names of peers."
    ),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="How long nothing may come. [60]"
    ),
    click.option("--ca-file", type=Path, metavar="FILE", help="Certificates of authorities to trust."),
    click.option(
        "--client-cert", nargs=2, type=str, metavar="CERT KEY", help="Files of a client certificate and its key."
    ),
    click.option("--key-file", type=Path, metavar="FILE", help="A file with the key or token to show."),
)
_RETRIES = click.option(
    "--retries", type=click.IntRange(min=0), default=3, show_default=True, metavar="N", help="Tries again."
)
_WEB = (
    click.option(
        "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of each request; repeatable."
    ),
)
_DIMSE = (
    click.option("--aet", metavar="TITLE", help="AE title of the peer, where PEER does not say."),
    click.option("--calling-aet", metavar="TITLE", help="AE title that we have. [FILMLESS]"),
    click.option("--tls", is_flag=True, help="Speak TLS; --ca-file and --client-cert mean it, too."),
    click.option("--user", metavar="NAME", help="User identity to show."),
    click.option("--password-file", type=Path, metavar="FILE", help="A file with the passcode of the user."),
    click.option(
        "--max-pdu", type=click.IntRange(4096, 1 << 24), metavar="BYTES", help="Longest PDU to ask for. [131072]"
    ),
)


def peer_options(command: Command) -> Command:
    """Give a command the options of how a peer of either protocol is dealt with."""
    return in_group("Peer", *_SHARED, _RETRIES)(in_group("DICOMweb", *_WEB)(in_group("DIMSE", *_DIMSE)(command)))


def web_options(command: Command) -> Command:
    """Give a command the options of DICOMweb alone."""
    return in_group("Peer", *_SHARED, _RETRIES, *_WEB)(command)


def dimse_options(command: Command) -> Command:
    """Give a command the options of DIMSE alone."""
    return in_group("Peer", *_SHARED, *_DIMSE)(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """The options, as they were given."""

    config: Path | None = None
    timeout: float | None = None
    ca_file: Path | None = None
    client_cert: tuple[str, str] | None = None
    key_file: Path | None = None
    retries: int = 3
    headers: tuple[str, ...] = ()
    aet: str | None = None
    calling_aet: str | None = None
    tls: bool = False
    user: str | None = None
    password_file: Path | None = None
    max_pdu: int | None = None

    def need_none(self, protocol: str, **options: object) -> None:
        """Complain of options that mean nothing to the peer: what was asked for would not happen."""
        for name, value in options.items():
            if value not in (None, (), False):
                raise Misuse(f"--{name.replace('_', '-')} is for {protocol}, and PEER is spoken to otherwise")


def peer_of(peer: str, **how: Any) -> "BlockingClient | Entity":
    """Return a peer: a client of a DICOMweb service, or an application entity; arguments are those of `peer_options`.

    Raises
    ------
    Misuse
        The peer is neither a URL nor an address, nor a name of the configuration.
    """
    given = _Given(**how)
    if peer.lower().startswith(("http://", "https://")):
        return _client(peer, given)
    if "@" in peer or re.fullmatch(r"[^/\s]+:\d+", peer):
        return _entity(peer, given)
    return _named(peer, given)


def client_of(peer: str, **how: Any) -> "BlockingClient":
    """Return a client of a peer that has to be a DICOMweb service; arguments are those of `web_options`.

    Raises
    ------
    Misuse
        It is none.
    """
    found = peer_of(peer, **how)
    if isinstance(found, Entity):
        raise Misuse("DIMSE has no such operation", "give the URL of a DICOMweb service")
    return found


def entity_of(peer: str, **how: Any) -> Entity:
    """Return a peer that has to be an application entity; arguments are those of `dimse_options`.

    Raises
    ------
    Misuse
        It is none.
    """
    found = peer_of(peer, **how)
    if isinstance(found, Entity):
        return found
    found.close()
    raise Misuse("a DICOMweb service has no such operation", "give an application entity: AE@HOST:PORT")


def _client(
    url: str,
    given: _Given,
    *,
    token_file: Path | None = None,
    ca_file: Path | None = None,
    certificate: tuple[str, str] | None = None,
    timeout_s: float | None = None,
) -> "BlockingClient":
    from filmless.dicomweb import BlockingClient

    given.need_none(
        "DIMSE",
        aet=given.aet,
        calling_aet=given.calling_aet,
        tls=given.tls,
        user=given.user,
        password_file=given.password_file,
        max_pdu=given.max_pdu,
    )
    key_file, ca_file = given.key_file or token_file, given.ca_file or ca_file
    try:
        return BlockingClient(
            url,
            auth=None if key_file is None else _secret(key_file),
            headers=dict(map(_header, given.headers)),
            verify=True if ca_file is None else ssl.create_default_context(cafile=str(ca_file)),
            certificate=given.client_cert or certificate,
            timeout_s=given.timeout or timeout_s or _TIMEOUT_S,
            retries=given.retries,
        )
    except ValueError as error:
        raise Misuse(f"{error}") from None


def _entity(
    peer: str,
    given: _Given,
    *,
    ae_title: str | None = None,
    calling: str | None = None,
    tls: bool = False,
    ca_file: Path | None = None,
    certificate: tuple[Path, Path | None] | None = None,
    timeout_s: float | None = None,
) -> Entity:
    given.need_none("DICOMweb", header=given.headers)
    if given.password_file is not None and given.user is None:
        raise Misuse("--password-file needs the --user whose passcode it is")
    if given.client_cert is not None:
        certificate = (Path(given.client_cert[0]), Path(given.client_cert[1]))
    try:
        return Entity(
            peer,
            ae_title=given.aet or ae_title,
            calling_ae_title=given.calling_aet or calling or _OWN_AE_TITLE,
            has_tls=tls or given.tls or given.ca_file is not None or given.client_cert is not None,
            ca_file=given.ca_file or ca_file,
            certificate=certificate,
            identity=_identity(given),
            timeout_s=given.timeout or timeout_s or _TIMEOUT_S,
            maximum_length=given.max_pdu or _MAX_PDU,
            retries=given.retries,
        )
    except ValueError as error:
        raise Misuse(f"{error}") from None


def _identity(given: _Given) -> Any:
    """Return the user identity: a token (JWT), or a user with or without a passcode; an API key goes as a passcode."""
    if given.user is not None:
        secret = given.password_file or given.key_file
        return (given.user,) if secret is None else (given.user, _secret(secret))
    if given.key_file is None:
        return None
    secret_text = _secret(given.key_file)
    return secret_text if secret_text.count(".") == 2 else ("key", secret_text)


def _secret(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


def _named(name: str, given: _Given) -> "BlockingClient | Entity":
    hint = "a name stands under [peers] of the file that --config or FILMLESS_CONFIG names"
    if given.config is None:
        raise Misuse(f"`{name}` is no URL, no AE@HOST:PORT, and no name that is known", hint)
    from filmless.server.settings.reading import read_settings

    settings = read_settings(given.config)
    if name not in settings.peers:
        known = ", ".join(sorted(settings.peers)) or "none"
        raise Misuse(f"`{name}` is no peer of {given.config}, which has {known}", hint)
    row = settings.peers[name]
    if row.url is not None:
        certificate = None if row.certificate is None else (str(row.certificate), str(row.key or row.certificate))
        return _client(
            row.url,
            given,
            token_file=row.token_file,
            ca_file=row.ca_file,
            certificate=certificate,
            timeout_s=row.timeout_s,
        )
    host = f"[{row.host}]" if ":" in (row.host or "") else row.host
    return _entity(
        f"{host}:{row.port}",
        given,
        ae_title=row.ae_title,
        calling=row.called_as or settings.dimse.ae_title,
        tls=row.tls,
        ca_file=row.ca_file,
        certificate=None if row.certificate is None else (row.certificate, row.key),
        timeout_s=row.timeout_s,
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isprintable():
        raise Misuse("--header is NAME:VALUE")
    return name, value.strip()
