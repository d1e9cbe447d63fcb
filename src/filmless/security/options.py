"""All that can be set about who may do what."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

from filmless.errors import SecurityError
from filmless.security.addresses import authority, is_safe_url, networks, origin
from filmless.security.keys import ApiKey
from filmless.security.principal import ROLES
from filmless.security.reading import read_mapping

__all__ = ["AuditOptions", "CertificateOptions", "SecurityOptions", "TlsOptions", "TokenOptions"]

#: Names of algorithms for public keys (RFC 7518, 8037), by the kind of key.
ALGORITHMS: Final = {
    "RSA": frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    "EC": frozenset({"ES256", "ES384", "ES512"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
}

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
#: What a role is called in a token, without settings: its own name, alone or behind the program's.
_ROLES_OF_TOKENS: Final[Mapping[str, tuple[str, ...]]] = {
    f"{before}{role}": (role,) for role in sorted(ROLES) for before in ("", "filmless:", "filmless-", "filmless.")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptions:
    """Whose bearer tokens are taken, and what their claims mean.

    Attributes
    ----------
    issuer
        Of the tokens, exactly as they have it.
    audience
        Names of this service, of which a token has to have one.
    jwks
        URL of the issuer's public keys, by https, or a file; without it they are found by OpenID Connect discovery.
    authorities
        A file with certificates of authorities (PEM) that the issuer's is checked with, instead of the system's.
    algorithms
        That tokens may be signed with.
    leeway_s
        Seconds that clocks may differ by.
    refetch_s
        Seconds between two looks at the issuer's keys at the least.
    name_claim
        What a bearer is called in the audit.
    roles_claim
        Where their roles are: a list or words in a text. With dots it is a path, as `realm_access.roles`.
    roles
        What each of those means here; by default their own names, also as `filmless:read`.
    patients_claim, studies_claim
        Where Patient IDs and Study Instance UIDs are that a token is restricted to.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks: str | None = None
    authorities: Path | None = None
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    leeway_s: float = 30.0
    refetch_s: float = 30.0
    name_claim: str = "sub"
    roles_claim: str = "scope"
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(_ROLES_OF_TOKENS))
    patients_claim: str = "patients"
    studies_claim: str = "studies"

    def __post_init__(self) -> None:
        if not self.audience:
            raise SecurityError("audience: names of this service were expected, as tokens have them in `aud`")
        if not is_safe_url(self.issuer) and (self.jwks is None or not self.issuer):
            raise SecurityError("issuer: an https URL was expected")
        if self.jwks is not None and "://" in self.jwks and not is_safe_url(self.jwks):
            raise SecurityError("jwks: an https URL or a file was expected")
        for name in self.algorithms:
            if not any(name in names for names in ALGORITHMS.values()):
                known = ", ".join(sorted(set().union(*ALGORITHMS.values())))
                raise SecurityError(f"algorithms: `{name[:16]}` is none for public keys; there is {known}")
        if not self.algorithms or not 0 <= self.leeway_s <= 600 or not self.refetch_s >= 0:
            raise SecurityError("algorithms, leeway_s, refetch_s: some, 0 to 600 and 0 or more were expected")
        if unknown := {role for roles in self.roles.values() for role in roles} - ROLES:
            raise SecurityError(f"roles: `{min(unknown)[:32]}` is none of {', '.join(sorted(ROLES))}")

    @property
    def key_source(self) -> str | Path | None:
        """Where the public keys are: a URL, a file, or None for discovery."""
        return Path(self.jwks) if self.jwks is not None and "://" not in self.jwks else self.jwks


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateOptions:
    """Who shows a certificate.

    Attributes
    ----------
    name
        For the audit.
    subject
        Its distinguished name as RFC 4514 writes it, such as `CN=ct-1,O=Hospital`; `*` for every certificate that one
        of the authorities made.
    fingerprint
        Its SHA-256 in hexadecimal, instead of a subject.
    roles
        What they may do: `read`, `write`, `delete`, `admin`.
    patients, studies
        What they may see and write to; without them all.
    """

    name: str
    subject: str | None = None
    fingerprint: str | None = None
    roles: frozenset[str] = frozenset({"read"})
    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if (self.subject is None) == (self.fingerprint is None):
            raise SecurityError("subject: either it or `fingerprint` was expected")
        if self.fingerprint is not None and not _FINGERPRINT.fullmatch(self.fingerprint):
            raise SecurityError("fingerprint: 64 digits of 0-9 and a-f were expected")
        if not self.roles or self.roles - ROLES:
            raise SecurityError(f"roles: some of {', '.join(sorted(ROLES))} were expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """The server's certificate, and whether callers show theirs.

    Attributes
    ----------
    certificate
        A file with the server's certificate, and those between it and an authority (PEM).
    key
        A file with its private key, when it is not in the same (PEM).
    authorities
        A file with certificates of authorities that make those of callers (PEM).
    client_certificates
        Whether callers show a certificate: `none`, `optional`, `required`.
    """

    certificate: Path
    key: Path | None = None
    authorities: Path | None = None
    client_certificates: Literal["none", "optional", "required"] = "none"

    def __post_init__(self) -> None:
        if self.client_certificates != "none" and self.authorities is None:
            raise SecurityError("authorities: a file was expected, with which certificates of callers are checked")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """Where the audit goes.

    Attributes
    ----------
    file
        A file, a JSON object a line; without it `audit.jsonl` in the folder of the archive. `-` is standard output.
    max_bytes
        A file of this size is set aside as `audit.jsonl.1`, and so on; 0 leaves that to others.
    keep
        Files that are kept aside.
    """

    file: str | None = None
    max_bytes: int = 64 << 20
    keep: int = 20

    def __post_init__(self) -> None:
        if self.max_bytes < 0 or not 1 <= self.keep <= 10_000:
            raise SecurityError("max_bytes, keep: 0 or more, and 1 to 10000 were expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityOptions:
    """All that can be set about who may do what.

    Attributes
    ----------
    hosts
        Names that the server is called by, beside those of this machine's loopback and the address that a connection
        came in at. `*` for any, with authentication alone.
    origins
        Origins whose pages may use the service (CORS), as `https://viewer.example.org`.
    public_url
        What the service is called from outside, when a proxy stands before it.
    proxies
        Addresses and networks of proxies, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    authentication
        Whether callers prove who they are. They have to anyway as soon as there is a key, tokens or certificates.
    key_file
        The file of API keys, by default `keys.json` in the folder of the archive.
    keys
        API keys, as `filmless key create --toml` prints them.
    tokens
        Bearer tokens.
    certificates
        Certificates of callers.
    tls
        TLS; without it the server speaks plainly.
    audit
        Where the audit goes.
    failures
        Wrong keys and tokens from one address in a row before it has to wait.

    Examples
    --------
    >>> options = SecurityOptions.from_mapping({"hosts": ["pacs.example.org"], "proxies": ["10.0.0.0/8"]}, folder=".")
    >>> options.hosts
    ('pacs.example.org',)
    >>> SecurityOptions.from_mapping({"tokens": {"issuer": "https://id.example.org", "audience": []}}, folder=".")
    Traceback (most recent call last):
    ...
    filmless.errors.SecurityError: security.tokens.audience: names of this service were expected, ...
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    public_url: str | None = None
    proxies: tuple[str, ...] = ()
    authentication: bool = False
    key_file: Path | None = None
    keys: tuple[ApiKey, ...] = ()
    tokens: TokenOptions | None = None
    certificates: tuple[CertificateOptions, ...] = ()
    tls: TlsOptions | None = None
    audit: AuditOptions = field(default_factory=AuditOptions)
    failures: int = 20

    def __post_init__(self) -> None:
        for host in self.hosts:
            if host != "*" and ((named := authority(host)) is None or named.port is not None):
                raise SecurityError(f"hosts: `{host[:64]}` is no name of a host, without a port")
        for one in self.origins:
            if origin(one) is None:
                raise SecurityError(f"origins: `{one[:64]}` is no origin, such as https://viewer.example.org")
        if self.public_url is not None and origin("/".join(self.public_url.split("/")[:3])) is None:
            raise SecurityError("public_url: a URL was expected, such as https://pacs.example.org/dicom-web")
        try:
            networks(self.proxies)
        except SecurityError as error:
            raise SecurityError(f"proxies: {error.message}") from None
        if self.certificates and (self.tls is None or self.tls.client_certificates == "none"):
            raise SecurityError("certificates: `tls.client_certificates` has to be `optional` or `required` with them")
        if self.failures < 1:
            raise SecurityError("failures: 1 or more was expected")
        if len({key.name for key in self.keys}) != len(self.keys):
            raise SecurityError("keys: two have the same name")

    @property
    def is_authenticated(self) -> bool:
        """Whether callers have to prove who they are: a key file that is there says so, too, even an empty one."""
        has_file = self.key_file is not None and self.key_file.exists()
        return self.authentication or bool(self.keys or self.tokens or self.certificates) or has_file

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, folder: str | Path) -> Self:
        """Make options of a mapping, such as the table ``security`` of a TOML file.

        Parameters
        ----------
        mapping
            Keys are the attributes; those of `tokens`, `tls`, `audit`, `certificates` and `keys` are mappings again.
        folder
            The folder of the archive: relative paths are relative to it, and its ``keys.json`` is the file of keys.

        Raises
        ------
        SecurityError
            The message names the key, and says what was expected.
        """
        place = Path(folder)
        found = read_mapping(cls, {"key_file": "keys.json", **mapping}, where="security", folder=place)
        audit = found.audit.file or "audit.jsonl"
        if audit != "-":
            found = dataclasses.replace(found, audit=dataclasses.replace(found.audit, file=str(place / audit)))
        if found.tokens is not None and isinstance(source := found.tokens.key_source, Path):
            found = dataclasses.replace(found, tokens=dataclasses.replace(found.tokens, jwks=str(place / source)))
        return found
