"""Who may ask an SCP for what."""

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filmless._core import AssociateRequest, Reject, UserIdentity
from filmless.dimse import Scp, connect
from filmless.dimse.scp.access import Access, AccessOptions, CallerOptions, Rejection, UserOptions
from filmless.dimse.scp.passcodes import digest_of, is_digest
from filmless.dimse.scp.request import Request
from filmless.errors import NetworkError, SecurityError
from filmless.security import ApiKeys, Audit, Authenticator, Principal, SecurityOptions, client_tls, server_tls

from .talking import (
    CT,
    IMPLICIT,
    VERIFICATION,
    Authority,
    Raw,
    echo_bytes,
    identity,
    request,
    store_bytes,
    talk,
    with_pynetdicom,
)

NOT_RECOGNIZED = Reject(1, 1, 3)
NO_REASON = Reject(1, 1, 1)
LATER = Reject(2, 3, 1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Authority:
    found = Authority(tmp_path_factory.mktemp("ca"), peer("openssl"))
    found.make("ca", "/CN=Test authority")
    for name, subject in (("server", "/CN=localhost"), ("other", "/CN=other"), ("ct", "/O=Hospital/CN=ct-1")):
        found.make(name, subject)
    return found


def asked(title: str = "CT-1", *, who: UserIdentity | None = None) -> AssociateRequest:
    return request(identity=who).replace(calling_ae_title=title)


def admitted(access: Access, *args: Any, address: str = "10.1.2.3", **options: Any) -> Principal | Reject:
    try:
        return asyncio.run(access.admit(asked(*args, **options), address=address)).principal
    except Rejection as rejection:
        return rejection.reject


# -- application entities ------------------------------------------------------------------------------------------


def test_without_options_this_machine_may_do_everything_and_others_nothing() -> None:
    access = Access()
    assert not access.is_authenticated()
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        found = admitted(access, address=address)
        assert isinstance(found, Principal)
        assert found.may("admin")
    assert admitted(access) == NO_REASON


def test_application_entities_are_known_by_title_and_address() -> None:
    ct = CallerOptions(ae_titles=("CT-1", "CT-2"), addresses=("10.1.0.0/16", "fd00::/8"), roles=frozenset({"write"}))
    viewer = CallerOptions(ae_titles=("*",), addresses=("10.9.0.1",), studies=frozenset({"1.2"}))
    access = Access(AccessOptions(callers=(ct, viewer)))
    assert access.is_authenticated()
    assert admitted(access) == Principal("CT-1", frozenset({"write"}), by="ae")
    assert admitted(access, "CT-2", address="fd00::1") == Principal("CT-2", frozenset({"write"}), by="ae")
    roles = frozenset({"read", "write"})
    assert admitted(access, "ANY", address="10.9.0.1") == Principal("ANY", roles, None, frozenset({"1.2"}), "ae")
    for title, address in (("CT-3", "10.1.2.3"), ("CT-1", "10.2.2.3"), ("ct-1", "10.1.2.3"), ("CT-1", "127.0.0.1")):
        assert admitted(access, title, address=address) == NOT_RECOGNIZED


def test_a_title_alone_proves_nothing() -> None:
    assert not Access(AccessOptions(callers=(CallerOptions(ae_titles=("CT-1",)),))).is_authenticated()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: CallerOptions(ae_titles=()), "ae_titles"),
        (lambda: CallerOptions(ae_titles=("x" * 17,)), "ae_titles"),
        (lambda: CallerOptions(ae_titles=("A",), addresses=("10.0.0.0/99",)), "addresses"),
        (lambda: CallerOptions(ae_titles=("A",), roles=frozenset({"root"})), "roles"),
        (lambda: UserOptions(name="a", passcode="secret"), "passcode"),
        (lambda: AccessOptions(failures=0), "failures"),
        (lambda: AccessOptions(identity="Required"), "identity"),  # type: ignore[arg-type]
        (lambda: AccessOptions(users=(UserOptions(name="a", passcode=digest_of("x")),) * 2), "users"),
    ],
)
def test_options_that_cannot_be(make: Callable[[], Any], word: str) -> None:
    with pytest.raises(SecurityError, match=word) as caught:
        make()
    assert "secret" not in str(caught.value)


def test_called_ae_titles() -> None:
    access = Access(AccessOptions(called_ae_titles=("ALIAS",)))
    access.check_called("OURS", "OURS")
    access.check_called("ALIAS", "OURS")
    with pytest.raises(Rejection) as caught:
        access.check_called("OTHER", "OURS")
    assert caught.value.reject == Reject(1, 1, 7)
    Access(AccessOptions(called_ae_titles=("*",))).check_called("OTHER", "OURS")


# -- user identity -------------------------------------------------------------------------------------------------


def passcode(name: str, secret: str) -> UserIdentity:
    return UserIdentity(2, name.encode(), secret.encode(), True)


def test_users_show_a_passcode() -> None:
    digest = digest_of("correct horse")
    assert is_digest(digest)
    assert digest not in repr(UserOptions(name="ann", passcode=digest))
    assert digest_of("correct horse") != digest
    user = UserOptions(name="ann", passcode=digest, patients=frozenset({"1"}))
    access = Access(AccessOptions(users=(user,)))
    assert access.is_authenticated()
    found = Principal("ann", frozenset({"read"}), frozenset({"1"}), None, "passcode")
    assert admitted(access, who=passcode("ann", "correct horse")) == found
    for wrong in (
        passcode("ann", "wrong"),
        passcode("bob", "correct horse"),
        passcode("ann", "x" * 60_000),
        UserIdentity(2, b"ann\xff", b"\xff"),
        UserIdentity(5, b"no token"),
    ):
        assert admitted(access, who=wrong) == NO_REASON
    # What proves nothing is as good as nothing, on this machine, too.
    for nothing in (None, UserIdentity(1, b"ann"), UserIdentity(3, b"ticket"), UserIdentity(200, b"?" * 60_000)):
        assert admitted(access, who=nothing) == NO_REASON
        assert admitted(access, who=nothing, address="127.0.0.1") == NO_REASON


def test_nobody_guesses_for_long() -> None:
    access = Access(AccessOptions(users=(UserOptions(name="ann", passcode=digest_of("x")),), failures=2))

    async def tries() -> list[Reject]:
        found = []
        for _ in range(3):
            with pytest.raises(Rejection) as caught:
                await access.admit(asked(who=UserIdentity(5, b"a.b.c")), address="10.0.0.1")
            found.append(caught.value.reject)
        return found

    assert asyncio.run(tries()) == [NO_REASON, NO_REASON, LATER]
    assert isinstance(admitted(access, who=passcode("ann", "x"), address="10.0.0.2"), Principal)


def test_nobody_guesses_faster_by_many_associations_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    digest, hashed = digest_of("x"), list[str]()

    def is_passcode(secret: str, _: str | None) -> bool:
        hashed.append(secret)
        return secret == "x"

    monkeypatch.setattr("filmless.dimse.scp.access.is_passcode", is_passcode)
    access = Access(AccessOptions(users=(UserOptions(name="ann", passcode=digest),), failures=2))

    async def tries(secret: str, address: str) -> list[Any]:
        asks = (access.admit(asked(who=passcode("ann", secret)), address=address) for _ in range(50))
        return await asyncio.gather(*asks, return_exceptions=True)

    found = asyncio.run(tries("y", "10.0.0.1"))
    assert [one.reject for one in found].count(LATER) == 50 - len(hashed)
    assert 2 <= len(hashed) <= 3
    assert not [one for one in asyncio.run(tries("x", "10.0.0.2")) if isinstance(one, Rejection)]


def test_a_key_is_a_passcode(tmp_path: Path) -> None:
    key = ApiKeys(tmp_path / "keys.json").create("robot", roles={"write"})
    authenticator = Authenticator(SecurityOptions.from_mapping({}, folder=tmp_path))
    access = Access(authenticator=authenticator)
    assert access.is_authenticated()
    assert admitted(access, who=passcode("anything", key)) == Principal("robot", frozenset({"write"}), by="key")
    assert admitted(access, who=passcode("anything", key[:-1] + "!")) == NO_REASON
    assert admitted(access, address="127.0.0.1") == NO_REASON


def test_who_is_listed_and_shows_an_identity_may_do_what_both_may() -> None:
    user = UserOptions(name="ann", passcode=digest_of("x"), roles=frozenset({"admin"}), studies=frozenset({"1", "2"}))
    ct = CallerOptions(
        ae_titles=("CT-1",), addresses=("10.0.0.0/8",), roles=frozenset({"write"}), studies=frozenset({"2", "3"})
    )
    access = Access(AccessOptions(callers=(ct,), users=(user,)))
    found = Principal("ann", frozenset({"write"}), None, frozenset({"2"}), "passcode")
    assert admitted(access, who=passcode("ann", "x")) == found
    assert admitted(access) == Principal("CT-1", frozenset({"write"}), None, frozenset({"2", "3"}), "ae")
    assert admitted(access, "CT-2", who=passcode("ann", "x")) == NOT_RECOGNIZED
    strict = Access(AccessOptions(callers=(ct,), users=(user,), identity="required"))
    assert admitted(strict, who=passcode("ann", "x")) == found
    assert admitted(strict) == NO_REASON


def test_tokens(tmp_path: Path) -> None:
    from joserfc import jwk, jwt

    key = jwk.ECKey.generate_key("P-256", {"kid": "1"})
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    table = {"tokens": {"issuer": "https://id.example.org", "audience": ["filmless"], "jwks": "jwks.json"}}
    access = Access(authenticator=Authenticator(SecurityOptions.from_mapping(table, folder=tmp_path)))
    claims = {"iss": "https://id.example.org", "aud": "filmless", "sub": "ann", "exp": 1 << 40, "scope": "read"}
    good = jwt.encode({"alg": "ES256", "kid": "1"}, claims, key, algorithms=["ES256"])
    old = jwt.encode({"alg": "ES256", "kid": "1"}, {**claims, "exp": 1}, key, algorithms=["ES256"])
    found = admitted(access, who=UserIdentity(5, good.encode(), b"", True))
    assert found == Principal("ann", frozenset({"read"}), by="token")
    for wrong in (old, good[:-2], "", "eyJhbGciOiJub25lIn0.e30."):
        assert admitted(access, who=UserIdentity(5, wrong.encode())) == NO_REASON


def test_identity_with_pynetdicom() -> None:
    access = Access(AccessOptions(users=(UserOptions(name="ann", passcode=digest_of("x")),)))

    def use(association: Any) -> Any:
        if association.is_rejected:
            return "rejected"
        return association.acceptor.user_identity, association.send_c_echo().Status

    async def main(secret: bytes, *, answer: bool) -> Any:
        async with Scp("FILMLESS", access=access).listen() as port:
            return await with_pynetdicom(port, use, ext_neg=identity(2, b"ann", secret, answer=answer))

    answered, status = talk(main(b"x", answer=True))
    assert (answered.server_response, status) == (b"", 0)
    assert talk(main(b"x", answer=False)) == (None, 0)
    assert talk(main(b"y", answer=True)) == "rejected"


# -- certificates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_a_certificate_says_who_asks(authority: Authority, mode: Any) -> None:
    folder = authority.folder
    table = {
        "tls": {"certificate": "server.pem", "authorities": "ca.pem", "client_certificates": mode},
        "certificates": [{"name": "ct-1", "subject": "CN=ct-1,O=Hospital", "roles": ["write"]}],
    }
    options = SecurityOptions.from_mapping(table, folder=folder)
    assert options.tls is not None
    tls, names = server_tls(options.tls), []
    scp = Scp("FILMLESS", access=Access(authenticator=Authenticator(options)))
    assert Access(authenticator=Authenticator(options)).is_authenticated(tls)

    @scp.on_echo
    async def echo(asking: Request) -> None:
        names.append((asking.principal.name, asking.principal.by))

    def shown(name: str | None) -> ssl.SSLContext:
        return client_tls(authorities=authority.certificate, certificate=None if name is None else folder / name)

    async def main() -> None:
        async with scp.listen(tls=tls) as port:
            status = await with_pynetdicom(
                port, lambda one: one.send_c_echo().Status, tls_args=(shown("ct.pem"), "localhost")
            )
            assert status == 0
            for name in ("other.pem", None):
                with pytest.raises(NetworkError):
                    async with connect(f"FILMLESS@127.0.0.1:{port}", tls=shown(name)) as peer:
                        await peer.echo()
            async with connect(f"FILMLESS@127.0.0.1:{port}", tls=shown("ct.pem")) as peer:
                await peer.echo()

    talk(main())
    assert names == [("ct-1", "certificate")] * 2


def test_without_more_a_certificate_of_the_authority_is_enough(authority: Authority) -> None:
    der = ssl.PEM_cert_to_DER_cert((authority.folder / "ct.crt").read_text())

    def found(access: Access, certificate: bytes | None) -> Any:
        return asyncio.run(access.admit(asked(), address="10.1.2.3", certificate=certificate)).principal

    assert found(Access(), der) == Principal("CT-1", frozenset({"read", "write"}), by="certificate")
    with pytest.raises(Rejection):
        found(Access(), None)
    caller = CallerOptions(ae_titles=("CT-1",), addresses=("10.0.0.0/8",), roles=frozenset({"read"}))
    assert found(Access(AccessOptions(callers=(caller,))), der) == Principal("CT-1", frozenset({"read"}), by="ae")


# -- permissions and the audit -------------------------------------------------------------------------------------


def test_what_a_role_is_needed_for() -> None:
    caller = CallerOptions(
        ae_titles=("SCU",), addresses=("127.0.0.1",), roles=frozenset({"read"}), patients=frozenset({"1"})
    )
    scp = Scp("FILMLESS", access=Access(AccessOptions(callers=(caller,))))
    within = []

    @scp.on_echo
    async def echo(asking: Request) -> None:
        asking.require("read")
        within.append(asking.within)

    @scp.on_store
    async def store(asking: Request) -> None:
        asking.require("write")

    async def main() -> list[int]:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]))
            found = []
            for message in (echo_bytes(), store_bytes(context=3)):
                raw.send(message)
                event: Any = await raw.event()
                found.append(event.command["Status"])
            await raw.close()
        return found

    assert talk(main()) == [0, 0x0124]
    assert within[0].patients == {"1"}


def test_associations_and_operations_are_audited(tmp_path: Path) -> None:
    scp_options = AccessOptions(callers=(CallerOptions(ae_titles=("SCU",), addresses=("127.0.0.1",)),))

    async def main(audit: Audit) -> None:
        scp = Scp("FILMLESS", access=Access(scp_options), audit=audit)

        @scp.on_store
        async def store(asking: Request) -> int:
            asking.studies.add("1.2")
            asking.counts["instances"] = 1
            return 0xA700

        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate((CT, [IMPLICIT]))
            for instance in ("1.2.3", "DOE^JOHN"):
                raw.send(store_bytes(instance=instance))
                await raw.event()
                raw.send(b"\4\0\0\0\0\x06\0\0\0\x02\1\2")  # the data set
            await raw.close()
            for title in ("FILMLESS", "OTHER"):
                other = await Raw.at(port)
                await other.associate(called=title)
                await other.close()

    with Audit(tmp_path / "audit.jsonl") as audit:
        talk(main(audit))
    text = (tmp_path / "audit.jsonl").read_text()
    assert "DOE" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(one["operation"], one["outcome"], one.get("status")) for one in lines] == [
        ("association", "success", None),
        ("C-STORE", "failed", "A700"),
        ("C-STORE", "failed", "A700"),
        ("association", "success", None),
        ("association", "rejected", None),
    ]
    first, store, other = lines[:3]
    assert first["who"] == store["who"] == "SCU"
    assert first["by"] == "ae"
    assert (first["from"], first["protocol"], first["called"]) == ("127.0.0.1", "DIMSE", "FILMLESS")
    assert store["uids"] == {"sop_class": CT, "instance": "1.2.3", "studies": ["1.2"]}
    assert store["instances"] == 1
    assert "instance" not in other["uids"]
    assert lines[-1]["reason"] == "called AE title"


def test_what_is_about_many_studies_has_several_lines(tmp_path: Path) -> None:
    async def main(audit: Audit) -> None:
        scp = Scp("FILMLESS", audit=audit)

        @scp.on_echo
        async def echo(asking: Request) -> None:
            asking.studies.update(f"1.2.{number:03}" for number in range(250))

        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            await peer.echo()

    with Audit(tmp_path / "audit.jsonl") as audit:
        talk(main(audit))
    _, *lines = map(json.loads, (tmp_path / "audit.jsonl").read_text().splitlines())
    assert [len(one["uids"]["studies"]) for one in lines] == [100, 100, 50]
    assert len({uid for one in lines for uid in one["uids"]["studies"]}) == 250
    assert [(one["uids"].get("more"), one.get("continued")) for one in lines] == [(150, None)] + 2 * [(None, True)]


def test_without_room_in_the_audit_nothing_is_done() -> None:
    class Full:
        async def reserve(self) -> None:
            raise SecurityError("full")

    async def main() -> Any:
        async with Scp("FILMLESS", audit=Full()).listen() as port:  # type: ignore[arg-type]
            raw = await Raw.at(port)
            event: Any = await raw.associate()
            await raw.close()
            return event.reject

    assert talk(main()) == LATER
