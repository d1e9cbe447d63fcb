from pathlib import Path
from typing import Any

import pytest

from filmless.errors import SecurityError
from filmless.security import SecurityOptions

TOKENS = {"issuer": "https://id.example.org", "audience": ["filmless"]}
KEY = {"name": "a", "sha256": "0" * 64}


def test_a_whole_table_is_read(tmp_path: Path) -> None:
    import tomllib

    text = """
    hosts = ["pacs.example.org"]
    origins = ["https://viewer.example.org"]
    proxies = ["10.0.0.0/8"]
    key_file = "secrets/keys.json"
    failures = 5
    [[keys]]
    name = "ct-1"
    sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
    roles = ["write"]
    studies = ["1.2"]
    expires = 2030-01-01T00:00:00Z
    [tokens]
    issuer = "https://id.example.org/realms/x"
    audience = ["filmless"]
    jwks = "certs.json"
    leeway_s = 5
    roles_claim = "realm_access.roles"
    roles = {radiologist = ["read", "write"]}
    [tls]
    certificate = "server.pem"
    authorities = "ca.pem"
    client_certificates = "optional"
    [[certificates]]
    name = "mr-1"
    subject = "CN=mr-1,O=Hospital"
    [audit]
    file = "-"
    """
    options = SecurityOptions.from_mapping(tomllib.loads(text), folder=tmp_path)
    assert options.key_file == tmp_path / "secrets/keys.json"
    assert options.tokens is not None
    assert options.tokens.key_source == tmp_path / "certs.json"
    assert options.tokens.roles["radiologist"] == ("read", "write")
    assert options.tls is not None
    assert options.tls.certificate == tmp_path / "server.pem"
    assert options.keys[0].studies == {"1.2"}
    assert options.keys[0].patients is None
    assert options.audit.file == "-"
    assert options.is_authenticated


def test_nothing_is_a_loopback_that_is_open(tmp_path: Path) -> None:
    options = SecurityOptions.from_mapping({}, folder=tmp_path)
    assert not options.is_authenticated
    assert options.audit.file == str(tmp_path / "audit.jsonl")
    (tmp_path / "keys.json").write_text('{"keys": []}')
    assert options.is_authenticated


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"hots": []}, "security.hots"),
        ({"hosts": "localhost"}, "security.hosts"),
        ({"hosts": ["a:80"]}, "security.hosts"),
        ({"hosts": ["user@a"]}, "security.hosts"),
        ({"origins": ["*"]}, "security.origins"),
        ({"origins": ["https://a/path"]}, "security.origins"),
        ({"public_url": "pacs"}, "security.public_url"),
        ({"proxies": ["nginx"]}, "security.proxies"),
        ({"authentication": 1}, "security.authentication"),
        ({"failures": 0}, "security.failures"),
        ({"failures": True}, "security.failures"),
        ({"keys": [{"name": "a"}]}, "security.keys[0].sha256"),
        ({"keys": [KEY | {"roles": ["root"]}]}, "security.keys[0].roles"),
        ({"keys": [KEY | {"roles": "read"}]}, "security.keys[0].roles"),
        ({"keys": [KEY | {"studies": "1.2"}]}, "security.keys[0].studies"),
        ({"keys": [KEY | {"expires": "soon"}]}, "security.keys[0].expires"),
        ({"keys": [KEY, KEY]}, "security.keys"),
        ({"tokens": []}, "security.tokens"),
        ({"tokens": {"issuer": "https://a"}}, "security.tokens.audience"),
        ({"tokens": TOKENS | {"audience": []}}, "security.tokens.audience"),
        ({"tokens": TOKENS | {"issuer": "http://id.example.org"}}, "security.tokens.issuer"),
        ({"tokens": TOKENS | {"jwks": "http://id.example.org/certs"}}, "security.tokens.jwks"),
        ({"tokens": TOKENS | {"algorithms": ["none"]}}, "security.tokens.algorithms"),
        ({"tokens": TOKENS | {"algorithms": ["RS256", "HS256"]}}, "security.tokens.algorithms"),
        ({"tokens": TOKENS | {"algorithms": []}}, "security.tokens.algorithms"),
        ({"tokens": TOKENS | {"leeway_s": "1"}}, "security.tokens.leeway_s"),
        ({"tokens": TOKENS | {"roles": {"a": ["root"]}}}, "security.tokens.roles"),
        ({"tls": {}}, "security.tls.certificate"),
        ({"tls": {"certificate": ""}}, "security.tls.certificate"),
        ({"tls": {"certificate": "a", "client_certificates": "yes"}}, "security.tls.client_certificates"),
        ({"tls": {"certificate": "a", "client_certificates": "required"}}, "security.tls.authorities"),
        ({"certificates": [{"name": "a", "subject": "CN=a"}]}, "security.certificates"),
        ({"certificates": [{"name": "a"}]}, "security.certificates[0].subject"),
        ({"certificates": [{"name": "a", "fingerprint": "AB"}]}, "security.certificates[0].fingerprint"),
        ({"audit": {"keep": 0}}, "security.audit"),
        ({"audit": "x"}, "security.audit"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, Any], key: str, tmp_path: Path) -> None:
    with pytest.raises(SecurityError) as caught:
        SecurityOptions.from_mapping(table, folder=tmp_path)
    assert caught.value.message.startswith(key)
