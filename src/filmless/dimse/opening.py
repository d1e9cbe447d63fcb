"""What an association is asked for with, checked; the same for both ways to open one."""

import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from filmless._core import (
    AssociateAccept,
    AssociateRequest,
    Event,
    OperationsWindow,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from filmless.dimse.asking import Limits
from filmless.dimse.contexts import Proposal, apart, everyday, proposed, roles_for
from filmless.dimse.peer_address import PeerAddress
from filmless.dimse.timeouts import Timeouts
from filmless.errors import AssociationRejected, NetworkError, RemoteProtocolError

__all__ = ["Identity", "Opening"]

Identity = str | tuple[str] | tuple[str, str]
"""A token (JWT), a user name alone, or one with its passcode."""

_USERNAME, _PASSCODE, _TOKEN = 1, 2, 5
_MOST_OPERATIONS: Final = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How an association is opened. See `filmless.dimse.connect`."""

    peer: str
    ae_title: str | None
    calling_ae_title: str
    contexts: Sequence[Proposal] | None
    sop_classes: str | Iterable[str] | None
    roles: Sequence[RoleSelection] | None
    tls: ssl.SSLContext | None
    timeouts: Timeouts
    maximum_length: int
    identity: Identity | None
    operations: int
    limits: Limits

    @property
    def address(self) -> PeerAddress:
        """Where the peer is, and who."""
        return PeerAddress.of(self.peer, self.ae_title)

    def request(self) -> AssociateRequest:
        """Return the request.

        Raises
        ------
        ValueError
            It cannot be asked so.
        """
        if not 1 <= self.operations <= _MOST_OPERATIONS:
            raise ValueError(f"`operations` is a number from 1 to {_MOST_OPERATIONS}")
        if self.contexts is not None and self.sop_classes is not None:
            raise ValueError("give `contexts`, or `sop_classes`")
        proposals = self.contexts
        if proposals is None:
            names = [self.sop_classes] if isinstance(self.sop_classes, str) else self.sop_classes
            proposals = everyday() if names is None else apart(names)
        user = UserInformation(
            maximum_length=self.maximum_length,
            operations_window=OperationsWindow(self.operations, 1) if self.operations > 1 else None,
            roles=roles_for(proposals) if self.roles is None else tuple(self.roles),
            identity=_identity(self.identity),
        )
        return AssociateRequest(
            called_ae_title=self.address.ae_title,
            calling_ae_title=self.calling_ae_title,
            contexts=proposed(proposals),
            user=user,
        )

    def window(self, acceptance: AssociateAccept) -> int:
        """Return how many operations the peer agreed to: what it does not say is one, and 0 is any number."""
        agreed = acceptance.user.operations_window
        return 1 if agreed is None else min(agreed.invoked or self.operations, self.operations)

    def unreachable(self, error: Exception) -> NetworkError:
        """Return what it means that there is no connection."""
        at = f"{self.address.host} port {self.address.port}"
        if isinstance(error, TimeoutError):
            return NetworkError(f"no connection to {at}: nobody answered within {self.timeouts.connect_s:g} seconds")
        if isinstance(error, socket.gaierror):
            return NetworkError(f"no connection to {at}: there is no such host")
        if isinstance(error, ConnectionRefusedError):
            return NetworkError(f"no connection to {at}: nobody listens there")
        if isinstance(error, ssl.SSLCertVerificationError):
            return NetworkError(f"no connection to {at}: its certificate is not trusted, {error.verify_message}")
        if isinstance(error, ssl.SSLError | ConnectionError) and self.tls is not None:
            return NetworkError(
                f"no connection to {at}: TLS failed, {_words(getattr(error, 'reason', None) or 'it closed')}",
                hint="the port may be one without TLS, or ask for a certificate",
            )
        reason = getattr(error, "strerror", None) or type(error).__name__
        return NetworkError(f"no connection to {at}: {reason.lower()}")

    def unanswered(self, error: NetworkError) -> NetworkError:
        """Return why the request was not accepted, with a remedy where there may be one."""
        if isinstance(error, AssociationRejected) or error.hint is not None:
            return error
        # A port with TLS answers what it does not understand with an alert of its own, or closes. One that wants
        # another certificate of ours lets us through the handshake of TLS 1.3, and closes then.
        hint = "the port may want TLS, or be none of DICOM"
        if self.tls is not None:
            hint = "the peer may want a certificate of ours, of an authority that it trusts; or it is no DICOM"
        kind = RemoteProtocolError if isinstance(error, RemoteProtocolError) else NetworkError
        return kind(error.message, hint=hint)

    def nothing_accepted(self, accepted: Event.Accepted) -> NetworkError | None:
        """Return an error when the association has no presentation context."""
        if any(context.result == 0 for context in accepted.accept.contexts):
            return None
        return AssociationRejected("the peer accepted none of the SOP classes that were proposed")


def _identity(identity: Identity | None) -> UserIdentity | None:
    if identity is None:
        return None
    if isinstance(identity, str):
        return UserIdentity(_TOKEN, identity.encode())
    if len(identity) == 1:
        return UserIdentity(_USERNAME, identity[0].encode())
    return UserIdentity(_PASSCODE, identity[0].encode(), identity[1].encode())


def _words(reason: str) -> str:
    """Return what OpenSSL calls a reason, as ``WRONG_VERSION_NUMBER``, in words."""
    return reason.lower().replace("_", " ")
