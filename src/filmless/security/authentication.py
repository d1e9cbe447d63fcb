"""Who asks: a key, a token or a certificate becomes a principal."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from filmless.errors import SecurityError
from filmless.security.keys import PREFIX, ApiKeys
from filmless.security.options import CertificateOptions, SecurityOptions
from filmless.security.principal import ROLES, Principal
from filmless.security.refusal import Refusal
from filmless.security.throttle import Throttle

__all__ = ["Authenticator"]

_LONGEST_NAME: Final = 128


class Authenticator:
    """Recognises who asks. HTTP gives it headers, associations a key or a certificate; one serves both.

    Parameters
    ----------
    options
        Which keys, tokens and certificates are known.

    Attributes
    ----------
    throttle
        How often an address may guess, whatever it speaks.
    """

    def __init__(self, options: SecurityOptions) -> None:
        self._keys = ApiKeys(options.key_file, fixed=options.keys)
        self._tokens = None
        if options.tokens is not None:
            from filmless.security.tokens import Tokens  # brings the library of signatures along

            self._tokens = Tokens(options.tokens)
        self._certificates = options.certificates
        self.throttle = Throttle(options.failures)
        self._always = options.authentication or options.tokens is not None or bool(options.certificates)

    @property
    def is_required(self) -> bool:
        """Whether callers have to prove who they are. Once they had to, they have to: no deletion opens anything.

        Raises
        ------
        SecurityError
            The file of keys cannot be read.
        """
        self._always = self._always or self._keys.is_configured
        return self._always

    @property
    def knows_certificates(self) -> bool:
        """Whether it is set which certificates are whose."""
        return bool(self._certificates)

    def by_key(self, key: str) -> Principal | None:
        """Return who holds an API key; None when it is none.

        Raises
        ------
        SecurityError
            The file of keys cannot be read.
        """
        found = self._keys.find(key)
        return None if found is None else found.principal

    async def by_token(self, token: str) -> Principal | None:
        """Return who the bearer of a token is; None when it is not taken.

        Raises
        ------
        SecurityError
            The keys of the issuer cannot be had.
        """
        if self._tokens is None:
            return None
        try:
            return await self._tokens.principal(token)
        except Refusal:
            return None

    def by_certificate(self, certificate: bytes) -> Principal | None:
        """Return who a certificate (DER) stands for, that TLS found to be of an authority; None when nobody."""
        if not self._certificates:
            return None
        from cryptography import x509

        try:
            subject = x509.load_der_x509_certificate(certificate).subject
            shown, names = subject.rfc4514_string(), subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        except ValueError:
            return None
        fingerprint = hashlib.sha256(certificate).hexdigest()
        for known in self._certificates:
            if known.fingerprint is not None and hmac.compare_digest(known.fingerprint, fingerprint):
                return _principal(known, known.name)
            if known.subject is not None and known.subject in (shown, "*"):
                common = str(names[0].value)[:_LONGEST_NAME] if names else known.name
                return _principal(known, common if known.subject == "*" else known.name)
        return None

    async def by_headers(self, headers: Mapping[bytes, Sequence[bytes]], *, offer_basic: bool = True) -> Principal:
        """Return who shows a key or token in the headers of a request.

        Parameters
        ----------
        headers
            By name in lower case.
        offer_basic
            Whether the answer of a refusal may make a browser ask for a password.

        Raises
        ------
        Refusal
            401 without a key or token, or with a wrong one; 503 when that cannot be told.
        """
        challenge = [(b"www-authenticate", b'Bearer realm="filmless"')]
        if offer_basic:
            challenge.append((b"www-authenticate", b'Basic realm="filmless", charset="UTF-8"'))
        shown = _credential(headers, challenge)
        try:
            if shown.startswith(PREFIX):
                found = self.by_key(shown)
                if found is not None:
                    return found
            elif self._tokens is not None:
                return await self._tokens.principal(shown)
        except SecurityError as error:
            later = (b"retry-after", b"30")
            raise Refusal(error.message, status=503, reason="unavailable", headers=[later]) from None
        message = "this key or token is not known, or its time is over"
        raise Refusal(message, status=401, reason="key", headers=challenge, is_guess=True)


def _credential(headers: Mapping[bytes, Sequence[bytes]], challenge: list[tuple[bytes, bytes]]) -> str:
    """Return the one key or token that is shown."""
    shown = [*headers.get(b"authorization", ()), *headers.get(b"x-api-key", ())]
    if not shown:
        hint = "show a key or token as `Authorization: Bearer`, a key also as `X-Api-Key` or as password of Basic"
        raise Refusal("a key or token is needed", status=401, reason="none", headers=challenge, hint=hint)
    if len(shown) > 1:  # which of them a proxy looked at cannot be told
        raise Refusal("more than one key or token", status=401, reason="ambiguous", headers=challenge)
    try:
        text = shown[0].decode("ascii").strip()
        if b"x-api-key" in headers:
            return text
        scheme, _, value = text.partition(" ")
        if scheme.lower() == "bearer":
            return value.strip()
        if scheme.lower() == "basic":
            # PACS that know only this: the key is the password, the name may be anything.
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (UnicodeDecodeError, binascii.Error, ValueError):
        pass
    message = "the Authorization header is not of the schemes Bearer and Basic"
    raise Refusal(message, status=401, reason="scheme", headers=challenge, is_guess=True)


def _principal(known: CertificateOptions, name: str) -> Principal:
    roles = frozenset(role for role in ROLES if role in known.roles)
    return Principal(name, roles, known.patients, known.studies, "certificate")
