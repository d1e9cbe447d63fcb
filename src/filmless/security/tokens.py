"""Bearer tokens: JSON web tokens of an issuer, checked against its public keys."""

import math
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError, UnsupportedAlgorithmError

from filmless.security.key_set import KeySet
from filmless.security.options import TokenOptions
from filmless.security.principal import ROLES, Principal
from filmless.security.refusal import Refusal

__all__ = ["BadToken", "Tokens"]

_LONGEST: Final = 16 << 10
_LONGEST_NAME: Final = 128
_MOST_VALUES: Final = 10_000


class BadToken(Refusal):
    """A token that is not taken: 401."""

    def __init__(self, message: str, *, is_expired: bool = False) -> None:
        challenge = (b"www-authenticate", b'Bearer realm="filmless", error="invalid_token"')
        # A token whose time is over and that is good else is no guess.
        super().__init__(message, status=401, reason="token", headers=[challenge], is_guess=not is_expired)


class _Registry(jws.JWSRegistry):
    """The algorithms that are allowed, without the library's warning of EdDSA: its name is old, and in use."""

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class Tokens:
    """Who the bearer of a token is.

    Parameters
    ----------
    options
        Whose tokens are taken, and what their claims mean.
    """

    def __init__(self, options: TokenOptions) -> None:
        self._options = options
        self._keys = KeySet(
            options.key_source, issuer=options.issuer, floor_s=options.refetch_s, authorities=options.authorities
        )
        # Headers that are not known are passed over, as RFC 7515 4 has it; those that are marked critical are refused.
        self._registry = _Registry(algorithms=options.algorithms, strict_check_header=False)
        self._registry.max_header_length = 4 << 10
        self._claims = jwt.JWTClaimsRegistry(
            leeway=round(options.leeway_s),
            iss={"essential": True, "value": options.issuer},
            aud={"essential": True, "values": list(options.audience)},
            exp={"essential": True},
            sub={"essential": options.name_claim == "sub"},
        )

    async def principal(self, token: str) -> Principal:
        """Check a token, and return who its bearer is.

        Raises
        ------
        BadToken
            It is not one of the issuer, not for this service, not now, or not whole.
        SecurityError
            The keys of the issuer cannot be had.
        """
        kid, algorithm = self._head(token)
        key = await self._keys.find(kid, algorithm)
        if key is None:
            raise BadToken("the token is signed with a key that the issuer does not have")
        try:
            # The one algorithm is given again: what the header says is compared, never followed.
            found = jwt.decode(token, key, algorithms=[algorithm], registry=self._registry)
            _check_times(found.claims)
            self._claims.validate(found.claims)
        except ExpiredTokenError:
            raise BadToken("the token's time is over", is_expired=True) from None
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise BadToken("the token is not valid for this service") from None
        return self._principal(found.claims)

    def _head(self, token: str) -> tuple[str | None, str]:
        """Return what a token says it was signed with, before anything of it is believed."""
        if len(token) > _LONGEST or token.count(".") != 2 or not token.isascii():
            raise BadToken("this is no signed token")
        try:
            head = jws.extract_compact(token.encode(), registry=self._registry).headers()
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise BadToken("this is no signed token") from None
        kid, algorithm = head.get("kid"), head.get("alg")
        if algorithm not in self._options.algorithms or not (kid is None or isinstance(kid, str)):
            raise BadToken("the token's algorithm is not allowed")
        return kid, str(algorithm)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        options = self._options
        name = _claim(claims, options.name_claim)
        if not isinstance(name, str) or not name:
            raise BadToken(f"the token lacks `{options.name_claim}`")
        named = _texts(claims, options.roles_claim, words=True) or ()
        roles = {role for value in named for role in options.roles.get(value, ())}
        return Principal(
            name[:_LONGEST_NAME],
            frozenset(role for role in ROLES if role in roles),
            _texts(claims, options.patients_claim),
            _texts(claims, options.studies_claim),
            "token",
        )


def _check_times(claims: Mapping[str, Any]) -> None:
    # Python reads NaN in JSON, which is neither before nor after any time.
    for name in ("exp", "nbf", "iat"):
        if isinstance(value := claims.get(name), float) and not math.isfinite(value):
            raise ValueError(name)


_MISSING: Final = object()


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path: Keycloak has its roles in ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step, _MISSING)
        if value is _MISSING:
            break
    return value


def _texts(claims: Mapping[str, Any], name: str, *, words: bool = False) -> frozenset[str] | None:
    """Return the values of a claim, a list or a text (with `words` those in it, as `scope` has); None without it.

    What is there and not understood refuses the token: it must not open what it was to restrict.
    """
    value = _claim(claims, name)
    if value is _MISSING:
        return None
    values = (value.split() if words else [value]) if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values) or len(values) > _MOST_VALUES:
        raise BadToken(f"`{name}` of the token is no list of texts")
    return frozenset(values)
