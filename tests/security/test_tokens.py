import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from filmless.errors import SecurityError
from filmless.security import Principal
from filmless.security.options import TokenOptions
from filmless.security.tokens import BadToken, Tokens

from .serving import Issuer


def tokens(issuer: Issuer, **options: Any) -> Tokens:
    return Tokens(TokenOptions(issuer=issuer.url, audience=("filmless",), **options))


def principal(checker: Tokens, token: str) -> Principal:
    return asyncio.run(checker.principal(token))


def segment(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_good_token_is_taken(issuer: Issuer) -> None:
    checker = tokens(issuer)
    token = issuer.token(scope="openid filmless:write read", studies=["1.2"], patients=["A 1"])
    who = principal(checker, token)
    assert who == Principal("jane", frozenset({"read", "write"}), frozenset({"A 1"}), frozenset({"1.2"}), "token")
    assert principal(checker, issuer.token(issuer.keys[1])).name == "jane"
    # Discovery and keys, once each for both.
    assert issuer.asked == ["/.well-known/openid-configuration", "/certs"]


def test_ed25519_and_keys_in_a_file(issuer: Issuer, tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "three"})
    path = tmp_path / "certs.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    checker = tokens(issuer, jwks=str(path))
    assert principal(checker, issuer.token(key)).name == "jane"
    # A file that changed is read at once.
    path.write_text(json.dumps({"keys": [issuer.keys[0].as_dict(private=False)]}))
    assert principal(checker, issuer.token()).name == "jane"
    with pytest.raises(BadToken):
        principal(checker, issuer.token(key))
    assert issuer.asked == []


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.org"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other", "another"]},
        {"aud": []},
        {"aud": None},
        {"aud": {"filmless": 1}},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": time.time() + 3600},
        {"iat": time.time() + 3600},
        {"sub": None},
        {"sub": 5},
        {"sub": ""},
        {"studies": 5},
        {"studies": [5]},
        {"studies": {"1.2": True}},
        {"patients": [None]},
        {"scope": 7},
    ],
)
def test_wrong_claims_are_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken) as caught:
        principal(tokens(issuer), issuer.token(**claims))
    assert caught.value.is_guess


def test_a_claim_without_a_value_restricts_to_nothing(issuer: Issuer) -> None:
    token = resigned(issuer, {"studies": None})
    with pytest.raises(BadToken):
        principal(tokens(issuer), token)
    assert principal(tokens(issuer), issuer.token(studies=[])).studies == frozenset()
    assert principal(tokens(issuer), issuer.token(patients="Ann 1")).patients == {"Ann 1"}


def resigned(issuer: Issuer, claims: dict[str, Any]) -> str:
    from joserfc import jwt

    now = int(time.time())
    good = {"iss": issuer.url, "aud": "filmless", "sub": "jane", "exp": now + 300}
    return jwt.encode({"alg": "RS256", "kid": "one"}, good | claims, issuer.keys[0])


def test_time_has_a_leeway(issuer: Issuer) -> None:
    checker = tokens(issuer, leeway_s=30)
    assert principal(checker, issuer.token(exp=int(time.time()) - 10)).name == "jane"
    with pytest.raises(BadToken, match="time is over") as caught:
        principal(checker, issuer.token(exp=int(time.time()) - 60))
    assert not caught.value.is_guess


def test_roles_by_a_path_and_a_table(issuer: Issuer) -> None:
    checker = tokens(issuer, roles_claim="realm_access.roles", roles={"radiologist": ("read", "write")})
    token = issuer.token(realm_access={"roles": ["radiologist", "admin", "offline_access"]})
    assert principal(checker, token).roles == {"read", "write"}
    assert principal(checker, issuer.token()).roles == frozenset()


def test_none_is_no_algorithm(issuer: Issuer) -> None:
    claims = segment({"iss": issuer.url, "aud": "filmless", "sub": "x", "exp": time.time() + 99, "scope": "admin"})
    for name in ("none", "None", "NONE", "nOnE", "", None, 0, ["RS256"]):
        for signature in ("", segment(b"x")):
            with pytest.raises(BadToken):
                principal(tokens(issuer), f"{segment({'alg': name, 'kid': 'one'})}.{claims}.{signature}")


def test_a_public_key_is_no_secret(issuer: Issuer) -> None:
    """HS256 over the public key in every form it is published in, which a careless checker would take as the secret."""
    public = issuer.keys[0]
    claims = segment({"iss": issuer.url, "aud": "filmless", "sub": "x", "exp": time.time() + 99, "scope": "admin"})
    for secret in (public.as_pem(private=False), public.as_der(private=False), json.dumps(public.as_dict()).encode()):
        head = f"{segment({'alg': 'HS256', 'kid': 'one'})}.{claims}"
        signature = segment(hmac.new(secret, head.encode(), hashlib.sha256).digest())
        with pytest.raises(BadToken, match="algorithm"):
            principal(tokens(issuer), f"{head}.{signature}")


def test_a_secret_among_public_keys_is_passed_over(issuer: Issuer) -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    issuer.keys.append(secret)
    issuer.body = json.dumps(
        {"keys": [*(key.as_dict(private=False) for key in issuer.keys[:2]), secret.as_dict()]}
    ).encode()
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token(secret))
    assert principal(tokens(issuer), issuer.token()).name == "jane"


def test_a_token_of_another_key_is_refused(issuer: Issuer, other_rsa: RSAKey) -> None:
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token(other_rsa))
    # The header's own key, or where to find one, is not looked at.
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token(other_rsa, header={"jwk": other_rsa.as_dict(private=False)}))
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token(other_rsa, header={"jku": f"{issuer.url}/evil"}))
    assert "/evil" not in issuer.asked


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "/etc/passwd", "' OR 1=1--", "x" * 200, "one\x00", "", "one\r\nX: y", "TWO"]
)
def test_kids_find_only_keys(issuer: Issuer, kid: str) -> None:
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token(header={"kid": kid}))


def test_a_kid_of_another_type_is_refused(issuer: Issuer) -> None:
    claims = segment({"iss": issuer.url})
    for kid in (5, {}, ["one"], True, "x" * 20_000):
        with pytest.raises(BadToken):
            principal(tokens(issuer), f"{segment({'alg': 'RS256', 'kid': kid})}.{claims}.{segment(b'x')}")


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "...", "a.b.c", "a.b.c.d.e", "é.b.c", "\x00.\x00.\x00", "." * 100_000, "x" * 100_000,
        f"{segment(b'[' * 2000)}.{segment({})}.{segment(b'')}",
        f"{segment([])}.{segment({})}.{segment(b'x')}",
        f"{segment({'alg': 'RS256', 'kid': 'one', 'crit': ['exp']})}.{segment({})}.{segment(b'x')}",
        f"{segment({'alg': 'RS256', 'kid': 'one', 'b64': False, 'crit': ['b64']})}.{{}}.{segment(b'x')}",
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    with pytest.raises(BadToken):
        principal(tokens(issuer), token)


def test_signed_nonsense_is_refused(issuer: Issuer) -> None:
    from joserfc import jws

    for payload in (b"", b"[]", b"5", b"{", b"[" * 5000, b"\xff"):
        token = jws.serialize_compact({"alg": "RS256", "kid": "one"}, payload, issuer.keys[0])
        with pytest.raises(BadToken):
            principal(tokens(issuer), token)


def test_new_keys_are_fetched_but_not_too_often(issuer: Issuer) -> None:
    patient, eager = tokens(issuer, refetch_s=3600), tokens(issuer, refetch_s=0)
    for checker in (patient, eager):
        assert principal(checker, issuer.token()).name == "jane"
    new = ECKey.generate_key("P-256", {"kid": "new"})
    issuer.keys.append(new)
    assert principal(eager, issuer.token(new)).name == "jane"
    asked = len(issuer.asked)
    for _ in range(50):
        with pytest.raises(BadToken):
            principal(patient, issuer.token(new))
    assert len(issuer.asked) == asked


def test_many_at_once_fetch_once(issuer: Issuer) -> None:
    checker = tokens(issuer)

    async def all_of_them() -> list[Principal]:
        return await asyncio.gather(*(checker.principal(issuer.token()) for _ in range(20)))

    assert len(asyncio.run(all_of_them())) == 20
    assert issuer.asked.count("/certs") == 1


def _huge(issuer: Issuer) -> None:
    issuer.body = b'{"keys": [' + b'{"kty": "RSA"},' * 700_000 + b"{}]}"


def _down(issuer: Issuer) -> None:
    issuer.status = 500


def _deep(issuer: Issuer) -> None:
    issuer.body = b"[" * 100_000


def _empty(issuer: Issuer) -> None:
    issuer.body = b"[]"


@pytest.mark.parametrize("spoil", [_huge, _down, _deep, _empty])
def test_an_issuer_that_does_not_answer_is_no_bad_token(issuer: Issuer, spoil: Callable[[Issuer], None]) -> None:
    checker = tokens(issuer, refetch_s=0)
    good = issuer.token()
    spoil(issuer)
    with pytest.raises(SecurityError, match="cannot be had"):
        principal(checker, good)
    issuer.body, issuer.status = None, 200
    assert principal(checker, good).name == "jane"
    # From here on the keys are there, whatever becomes of the issuer.
    spoil(issuer)
    assert principal(checker, good).name == "jane"
    with pytest.raises(BadToken):
        principal(checker, issuer.token(header={"kid": "unknown"}))


def test_why_there_are_no_keys_is_logged_once(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    checker, good = tokens(issuer, refetch_s=0), issuer.token()
    _down(issuer)
    for _ in range(3):
        with pytest.raises(SecurityError):
            principal(checker, good)
    _empty(issuer)
    issuer.status = 200
    with pytest.raises(SecurityError):
        principal(checker, good)
    assert caplog.messages == [
        f"the keys of the issuer of tokens cannot be had: {why}"
        for why in ("the issuer does not give its keys", "a JSON object was expected")
    ]


def test_what_is_too_long_is_not_read_to_its_end(issuer: Issuer) -> None:
    _huge(issuer)
    with pytest.raises(SecurityError):
        principal(tokens(issuer), issuer.token())
    assert issuer.cut.wait(5)


def test_an_issuer_that_is_down(issuer: Issuer, rsa: RSAKey) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = Issuer(url=f"http://127.0.0.1:{port}", keys=[rsa])
    with pytest.raises(SecurityError, match="cannot be had"):
        principal(tokens(gone), gone.token())


def test_discovery_of_another_issuer_is_not_followed(issuer: Issuer) -> None:
    lying = Issuer(url=issuer.url + "/", keys=issuer.keys)  # answers as the one without the slash
    with pytest.raises(SecurityError, match="cannot be had"):
        principal(tokens(lying), lying.token())


def test_keys_that_are_odd_spoil_no_others(issuer: Issuer) -> None:
    weak = {"kty": "RSA", "kid": "weak", "n": segment(b"\xff" * 64), "e": "AQAB"}
    odd = [
        None, 5, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "MLDSA"}, weak,
        {"kty": "RSA", "kid": 5, "n": "AA", "e": "AA"}, {"kty": "RSA", "n": 5, "e": []},
        issuer.keys[0].as_dict(private=False) | {"use": "enc"},
    ]  # fmt: skip
    issuer.body = json.dumps({"keys": [*odd, issuer.keys[0].as_dict(private=False)]}).encode()
    assert principal(tokens(issuer), issuer.token()).name == "jane"


def test_a_key_for_another_algorithm_is_not_used(issuer: Issuer) -> None:
    issuer.body = json.dumps({"keys": [issuer.keys[0].as_dict(private=False) | {"alg": "PS256"}]}).encode()
    with pytest.raises(BadToken):
        principal(tokens(issuer), issuer.token())


def test_without_a_kid_there_has_to_be_one_key(issuer: Issuer) -> None:
    anonymous = RSAKey.import_key(
        {name: value for name, value in issuer.keys[0].as_dict(private=True).items() if name != "kid"}
    )
    assert anonymous.kid is None
    issuer.keys = [anonymous]
    token = issuer.token()
    assert '"kid"' not in base64.urlsafe_b64decode(token.split(".")[0] + "==").decode()
    assert principal(tokens(issuer), token).name == "jane"
    issuer.body = json.dumps({"keys": [anonymous.as_dict(private=False)] * 2}).encode()
    with pytest.raises(BadToken):
        principal(tokens(issuer), token)
