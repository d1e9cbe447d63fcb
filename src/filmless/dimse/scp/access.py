"""Who may ask an SCP for what: application entities by title and address, certificates, and users."""

import asyncio
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from filmless._core import AssociateRequest, Reject, UserIdentity
from filmless.dimse.scp.passcodes import is_digest, is_passcode
from filmless.errors import SecurityError
from filmless.security import Authenticator, Principal
from filmless.security.addresses import is_among, is_loopback, networks
from filmless.security.keys import PREFIX
from filmless.security.principal import LOCAL, ROLES, Role
from filmless.security.throttle import Throttle

__all__ = ["Access", "AccessOptions", "Admitted", "CallerOptions", "Rejection", "UserOptions"]

_CALLED: Final = Reject(1, 1, 7)
_CALLING: Final = Reject(1, 1, 3)
_NO_REASON: Final = Reject(1, 1, 1)
_LATER: Final = Reject(2, 3, 1)

_HASHED_TOGETHER: Final = 2  # passcodes: each takes a processor for a while
_MEMBER: Final[frozenset[Role]] = frozenset({"read", "write"})
PASSCODE, TOKEN = 2, 5
"""Kinds of user identity (PS3.7 D.3.3.7.1)."""


def _check_roles(roles: frozenset[str]) -> None:
    if not roles or roles - ROLES:
        raise SecurityError(f"roles: some of {', '.join(sorted(ROLES))} were expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerOptions:
    """Application entities that may ask.

    Attributes
    ----------
    ae_titles
        Their AE titles; `*` for any.
    addresses
        Addresses and networks that they call from, as `10.1.0.0/16`; without any they may call from anywhere, so that
        a title alone, which anyone can claim, proves nothing.
    roles
        What they may do: `read`, `write`, `delete`, `admin`.
    patients, studies
        What they may see and write to: Patient IDs and Study Instance UIDs; without them all.
    """

    ae_titles: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset({"read", "write"})
    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _check_roles(self.roles)
        if not self.ae_titles or not all(0 < len(title.strip()) <= 16 for title in self.ae_titles):
            raise SecurityError("ae_titles: AE titles of 1 to 16 characters were expected")
        try:
            networks(self.addresses)
        except SecurityError as error:
            raise SecurityError(f"addresses: {error.message}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOptions:
    """A user who shows a name and a passcode.

    Attributes
    ----------
    name
        The username.
    passcode
        The digest of the passcode, as `filmless.dimse.scp.passcodes.digest_of` makes it: `scrypt$…`.
    roles
        What they may do: `read`, `write`, `delete`, `admin`.
    patients, studies
        What they may see and write to; without them all.
    """

    name: str
    passcode: str = field(repr=False)
    roles: frozenset[str] = frozenset({"read"})
    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _check_roles(self.roles)
        if not 0 < len(self.name) <= 64:
            raise SecurityError("name: 1 to 64 characters were expected")
        if not is_digest(self.passcode):
            raise SecurityError("passcode: a digest was expected, `scrypt$…`, and not the passcode itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOptions:
    """Who may ask an SCP for what.

    Attributes
    ----------
    called_ae_titles
        AE titles that it may be called by beside its own; `*` for any.
    callers
        Application entities that may ask. Without any all may that prove who they are.
    users
        Users with a name and a passcode (user identity). API keys are taken as passcodes, too, with any name.
    identity
        Whether callers show a user identity: `optional`, or `required` of each.
    failures
        Wrong passcodes, keys and tokens from one address in a row before it has to wait; with an `Authenticator`, as
        its options say.
    """

    called_ae_titles: tuple[str, ...] = ()
    callers: tuple[CallerOptions, ...] = ()
    users: tuple[UserOptions, ...] = ()
    identity: Literal["optional", "required"] = "optional"
    failures: int = 20

    def __post_init__(self) -> None:
        if self.identity not in {"optional", "required"}:  # what is neither would be taken as optional
            raise SecurityError("identity: `optional` or `required` was expected")
        if self.failures < 1:
            raise SecurityError("failures: 1 or more was expected")
        if len({user.name for user in self.users}) != len(self.users):
            raise SecurityError("users: two have the same name")


class Admitted(NamedTuple):
    """A peer that is let in.

    Attributes
    ----------
    principal
        Who it is.
    identity_response
        What is answered to its user identity; None for no answer.
    """

    principal: Principal
    identity_response: bytes | None = None


class Rejection(Exception):  # noqa: N818 - the Standard's word
    """A peer that is not let in.

    Attributes
    ----------
    reject
        What it is told.
    reason
        A word for the audit.
    """

    def __init__(self, reject: Reject, reason: str) -> None:
        super().__init__(reason)
        self.reject, self.reason = reject, reason


@dataclass(frozen=True, slots=True)
class _Caller:
    options: CallerOptions
    titles: frozenset[str] = field(init=False)
    networks: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "titles", frozenset(title.strip() for title in self.options.ae_titles))
        object.__setattr__(self, "networks", networks(self.options.addresses))

    def is_meant(self, title: str, address: str) -> bool:
        is_title = title in self.titles or "*" in self.titles
        return is_title and (not self.networks or is_among(address, self.networks))  # type: ignore[arg-type]


class Access:
    """Decides who may open an association, and who that is.

    Parameters
    ----------
    options
        Who may ask for what.
    authenticator
        Knows API keys, tokens and certificates.

    Notes
    -----
    A peer is let in that one of these speaks for: its AE title and address together, a TLS certificate of a client, a
    user identity. Where nothing is set about certificates, one of the listener's authorities lets read and write. Where
    application entities are listed, a peer has to be one of them also when it shows a certificate
    or an identity, and may do what both may. Without anything configured all may do everything, on this machine alone.

    DICOM
    -----
    PS3.7 D.3.3.7, PS3.8 9.3.4, PS3.15 B
    """

    def __init__(self, options: AccessOptions | None = None, *, authenticator: Authenticator | None = None) -> None:
        self._options = options or AccessOptions()
        self._callers = tuple(_Caller(one) for one in self._options.callers)
        self._users = {user.name: user for user in self._options.users}
        self._authenticator = authenticator
        self._throttle = Throttle(self._options.failures) if authenticator is None else authenticator.throttle
        self._hashing = ThreadPoolExecutor(_HASHED_TOGETHER, thread_name_prefix="passcodes")

    def is_authenticated(self, tls: ssl.SSLContext | None = None) -> bool:
        """Whether peers have to prove who they are, on a listener with this TLS context."""
        options = self._options
        if options.identity == "required" or (tls is not None and tls.verify_mode == ssl.CERT_REQUIRED):
            return True
        if options.callers:
            return all(caller.addresses for caller in options.callers)
        return bool(options.users) or self._asks()

    def _asks(self) -> bool:
        return self._authenticator is not None and self._authenticator.is_required

    def check_called(self, called: str, ours: str) -> None:
        """Refuse who calls somebody else.

        Raises
        ------
        Rejection
            With the reason called AE title not recognized.
        """
        others = self._options.called_ae_titles
        if called != ours and called not in others and "*" not in others:
            raise Rejection(_CALLED, "called AE title")

    async def admit(self, request: AssociateRequest, *, address: str, certificate: bytes | None = None) -> Admitted:
        """Return who a peer is.

        Parameters
        ----------
        request
            What it asks for.
        address
            Where it calls from.
        certificate
            What it showed (DER), that TLS found to be of an authority.

        Raises
        ------
        Rejection
            It is not let in.
        """
        caller = self._caller(request.calling_ae_title, address)
        try:
            who, answer = await self._by_identity(request.user.identity, address)
            if who is None and self._options.identity == "required":
                raise Rejection(_NO_REASON, "no identity")
            if who is None and certificate is not None:
                who = self._by_certificate(certificate, request.calling_ae_title)
            if who is None and caller is None and self._is_open(address):
                who = LOCAL
        except SecurityError:  # keys or tokens cannot be looked at now
            raise Rejection(_LATER, "unavailable") from None
        if who is None and caller is None:
            raise Rejection(_NO_REASON, "not authenticated")
        return Admitted(_together(who, caller), answer)

    def _caller(self, title: str, address: str) -> Principal | None:
        if not self._callers:
            return None
        for caller in self._callers:
            if caller.is_meant(title, address):
                known = caller.options
                roles = frozenset(role for role in ROLES if role in known.roles)
                return Principal(title, roles, known.patients, known.studies, "ae")
        raise Rejection(_CALLING, "calling AE title")

    def _by_certificate(self, certificate: bytes, title: str) -> Principal | None:
        if self._authenticator is not None and self._authenticator.knows_certificates:
            return self._authenticator.by_certificate(certificate)
        # Where nothing says whose certificates there are, whom the authority made one for is one of us.
        return None if self._callers else Principal(title, _MEMBER, by="certificate")

    def _is_open(self, address: str) -> bool:
        return is_loopback(address) and not self._users and not self._asks()

    async def _by_identity(self, identity: UserIdentity | None, address: str) -> tuple[Principal | None, bytes | None]:
        """Return who a user identity is, and what is answered to it."""
        if identity is None or not (self._users or self._authenticator is not None):
            return None, None  # it is not supported: nothing is answered (PS3.7 D.3.3.7)
        if identity.kind not in (PASSCODE, TOKEN):
            # A name alone proves nothing; of tickets and assertions nobody here knows who made them.
            return None, None
        if self._throttle.wait_s(address):
            raise Rejection(_LATER, "throttled")
        who = await self._proven(identity, address)
        if who is None:
            raise Rejection(_NO_REASON, "identity")
        return who, b"" if identity.response_requested else None

    async def _proven(self, identity: UserIdentity, address: str) -> Principal | None:
        who = None
        try:
            name, secret = identity.primary.decode(), identity.secondary.decode()
        except UnicodeDecodeError:
            name = secret = ""
        if identity.kind == TOKEN:
            who = None if self._authenticator is None else await self._authenticator.by_token(name)
        elif secret.startswith(PREFIX):
            who = None if self._authenticator is None else self._authenticator.by_key(secret)
        else:
            run = asyncio.get_running_loop().run_in_executor
            return await run(self._hashing, self._by_passcode, name, secret, address)
        if who is None:
            self._throttle.failed(address)
        return who

    def _by_passcode(self, name: str, secret: str, address: str) -> Principal | None:
        """Return who a user is, in a thread. Who tried many at a time is told to wait once the first ones are wrong."""
        if self._throttle.wait_s(address):
            raise Rejection(_LATER, "throttled")
        user = self._users.get(name)
        if not is_passcode(secret, None if user is None else user.passcode) or user is None:
            self._throttle.failed(address)
            return None
        roles = frozenset(role for role in ROLES if role in user.roles)
        return Principal(user.name, roles, user.patients, user.studies, "passcode")


def _together(who: Principal | None, caller: Principal | None) -> Principal:
    """Return who may do what both may."""
    if who is None or caller is None:
        found = who or caller
        assert found is not None  # noqa: S101
        return found
    roles = [role for role in ROLES if who.may(role) and caller.may(role)]
    return replace(
        who,
        roles=frozenset(roles),
        patients=_common([who.patients, caller.patients]),
        studies=_common([who.studies, caller.studies]),
    )


def _common(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] | None = None
    for one in sets:
        if one is not None:
            found = one if found is None else found & one
    return found
