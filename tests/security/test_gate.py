import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filmless.errors import SecurityError
from filmless.security import ApiKeys, Limits, SecurityOptions
from filmless.security.gate import Gate
from filmless.security.throttle import Throttle

from .serving import Issuer, application, ask

ROUTE = "/dicom-web/studies/1.2"


def gate(folder: Path, **table: Any) -> Gate:
    return Gate(application(), SecurityOptions.from_mapping(table, folder=folder))


@pytest.fixture
def key(tmp_path: Path) -> str:
    return ApiKeys(tmp_path / "keys.json").create("ct-1", roles={"write"}, studies=["1.2"])


# Hosts


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:8104", "localhost.:8104", "127.0.0.1", "127.0.0.1:1", "[::1]:8104", "pacs.example.org",
        "PACS.example.org.:443", "viewer.example.org", "127.3.2.1",
    ],
)  # fmt: skip
def test_own_hosts_are_let_in(tmp_path: Path, host: str) -> None:
    app = gate(tmp_path, hosts=["pacs.Example.org"], public_url="https://viewer.example.org/dicom-web")
    assert ask(app, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example.org", 403), ("evil.example.org:8104", 403), ("localhost.evil.example.org", 403),
        ("xlocalhost", 403), ("192.168.0.1", 403), ("0.0.0.0", 403), ("[::]", 403), ("127.0.0.1.nip.io", 403),
        ("2130706433", 400), ("127.1", 400), ("localhost@evil.example.org", 400), ("evil@localhost", 400),
        ("localhost:8104@evil", 400), ("localhost/evil", 400), ("localhost evil", 400), ("", 400), ("a" * 5000, 400),
        ("localhost:http", 400), ("[::1", 400), ("localhost,evil", 400), ("localhost\\evil", 400),
    ],
)  # fmt: skip
def test_foreign_hosts_are_refused(tmp_path: Path, host: str, status: int) -> None:
    answer = ask(gate(tmp_path), headers={"Host": host})
    assert answer.status_code == status
    assert "evil" not in answer.text
    assert set(answer.json()) <= {"error", "hint"}


def test_one_host_has_to_be_named(tmp_path: Path) -> None:
    assert ask(gate(tmp_path), headers=[("Host", "localhost"), ("Host", "localhost")]).status_code == 400
    assert ask(_Without(gate(tmp_path), b"host")).status_code == 400


def test_the_address_a_connection_came_in_at_is_a_host(tmp_path: Path) -> None:
    app = _Server(gate(tmp_path), "10.1.2.3")
    assert ask(app, headers={"Host": "10.1.2.3:8104"}).status_code == 200
    assert ask(app, headers={"Host": "10.1.2.4:8104"}).status_code == 403
    # A name is none, even when a server says that it is at a name.
    assert ask(_Server(gate(tmp_path), "evil"), headers={"Host": "evil"}).status_code == 403
    assert ask(_Server(gate(tmp_path), "fe80::a"), headers={"Host": "[fe80::a]"}).status_code == 200


class _Server:
    def __init__(self, app: Any, host: str) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "server": (self._host, 8104)}, receive, send)


class _Without:
    def __init__(self, app: Any, name: bytes) -> None:
        self._app, self._name = app, name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [header for header in scope["headers"] if header[0] != self._name]
        await self._app({**scope, "headers": headers}, receive, send)


def test_any_host_goes_with_authentication_alone(tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="hosts"):
        gate(tmp_path, hosts=["*"])
    key = ApiKeys(tmp_path / "keys.json").create("a")
    assert ask(gate(tmp_path, hosts=["*"]), headers={"Host": "any.example.org", "X-Api-Key": key}).status_code == 200
    assert ask(gate(tmp_path, hosts=["*"]), headers={"Host": "a@b", "X-Api-Key": key}).status_code == 400


# Origins


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org", "null", "", "http://localhost", "http://localhost:9999", "https://localhost:8104",
        "http://127.0.0.1:8104", "http://localhost:8104.evil.org", "http://localhost:8104/", "file://", "http://x@localhost:8104",
    ],
)  # fmt: skip
def test_foreign_origins_are_refused_on_every_method(tmp_path: Path, method: str, origin: str) -> None:
    answer = ask(gate(tmp_path), method=method, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_origin_is_let_in(tmp_path: Path) -> None:
    app = gate(tmp_path, public_url="https://pacs.example.org/x")
    for origin in ("http://localhost:8104", "http://LOCALHOST:8104", "https://pacs.example.org"):
        assert ask(app, headers={"Origin": origin}).status_code == 200
    assert ask(app, base="http://localhost", headers={"Origin": "http://localhost"}).status_code == 200
    assert ask(app, headers=[("Origin", "http://localhost:8104"), ("Origin", "http://evil")]).status_code == 403


def test_what_pages_include_is_refused_and_links_are_not(tmp_path: Path) -> None:
    def fetch(site: str, mode: str = "no-cors", dest: str = "image", method: str = "GET") -> int:
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        return ask(gate(tmp_path), headers=headers, method=method).status_code

    assert fetch("same-origin") == fetch("none", "navigate", "document") == 200
    assert fetch("cross-site") == fetch("same-site") == fetch("odd") == 403
    assert fetch("cross-site", "navigate", "document") == 200
    assert fetch("cross-site", "navigate", "iframe") == 403
    assert fetch("cross-site", "navigate", "document", "POST") == 403


def test_cors_is_off_and_can_be_on(tmp_path: Path) -> None:
    origin = {"Origin": "https://viewer.example.org"}
    asking = origin | {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    assert ask(gate(tmp_path), method="OPTIONS", headers=asking).status_code == 403

    ApiKeys(tmp_path / "keys.json").create("a")
    app = gate(tmp_path, origins=["https://viewer.example.org"])
    answer = ask(app, method="OPTIONS", headers=asking)
    assert answer.status_code == 204  # without a key: browsers send none with this
    assert answer.headers["access-control-allow-origin"] == "https://viewer.example.org"
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    # A page can read that it lacks a key, and caches keep the answers apart.
    answer = ask(app, headers=origin)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://viewer.example.org"
    assert "Origin" in answer.headers["vary"]
    answer = ask(app, method="OPTIONS", headers=asking | {"Origin": "https://evil.example.org"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


# Who asks


def test_a_loopback_without_keys_is_open_to_its_machine(tmp_path: Path) -> None:
    assert ask(gate(tmp_path)).json()["who"] == "local"
    answer = ask(gate(tmp_path), client="192.168.0.9")
    assert answer.status_code == 403
    # A proxy of this machine passes on what may come from anywhere.
    for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"):
        assert ask(gate(tmp_path), headers={name: "127.0.0.1"}).status_code == 403


def test_the_first_key_closes_it_and_the_last_one_that_goes_does_not_open_it(tmp_path: Path) -> None:
    app = gate(tmp_path)
    assert ask(app).status_code == 200
    keys = ApiKeys(tmp_path / "keys.json")
    key = keys.create("a")
    assert ask(app).status_code == 401
    assert ask(app, headers={"X-Api-Key": key}).status_code == 200
    keys.revoke("a")
    assert ask(app, headers={"X-Api-Key": key}).status_code == 401
    assert ask(app).status_code == 401
    (tmp_path / "keys.json").unlink()
    assert ask(app).status_code == 401


def _basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "shown",
    [
        lambda key: {"Authorization": f"Bearer {key}"},
        lambda key: {"authorization": f"bearer  {key} "},
        lambda key: {"X-Api-Key": key},
        lambda key: _basic(f"orthanc:{key}"),
        lambda key: _basic(f":{key}"),
    ],
)
def test_a_key_can_be_shown_in_three_ways(tmp_path: Path, key: str, shown: Callable[[str], dict[str, str]]) -> None:
    answer = ask(gate(tmp_path), headers=shown(key))
    assert answer.json() == {"who": "ct-1", "by": "key", "roles": ["write"], "studies": ["1.2"]}


@pytest.mark.parametrize(
    "shown",
    [
        lambda key: {},
        lambda key: {"Authorization": key},
        lambda key: {"Authorization": f"Digest {key}"},
        lambda key: {"Authorization": f"Bearer {key}x"},
        lambda key: {"Authorization": f"Bearer {key.upper()}"},
        lambda key: {"Authorization": "Bearer"},
        lambda key: {"Authorization": "Bearer a.b.c"},
        lambda key: {"Authorization": "Basic !!!"},
        lambda key: {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        _basic,
        lambda key: _basic(f"{key}:"),
        lambda key: {"X-Api-Key": ""},
        lambda key: {"X-Api-Key": key, "Authorization": f"Bearer {key}"},
        lambda key: {"X-Api-Key": "\u00e9".encode()},
        lambda key: {"Cookie": f"key={key}"},
    ],
)
def test_everything_else_is_not_let_in(tmp_path: Path, key: str, shown: Callable[[str], Any]) -> None:
    answer = ask(gate(tmp_path), headers=shown(key))
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert key not in answer.text
    assert ask(gate(tmp_path), f"{ROUTE}?key={key}&access_token={key}", headers=shown(key)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "asks"),
    [
        ({}, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}, True),
        # The page is in another folder than what it loads: the browser has to be told that the same password is meant.
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-origin"}, True),
        # What shows a token itself deals with its end itself.
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Authorization": "Bearer a.b.c"}, False),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "X-Api-Key": "wrong"}, False),
        ({"Sec-Fetch-Mode": "cors"}, False),
    ],
)
def test_a_browser_asks_for_pages_and_what_they_load(
    tmp_path: Path, key: str, headers: dict[str, str], asks: bool
) -> None:
    answer = ask(gate(tmp_path), headers=headers)
    assert answer.status_code == 401
    assert ("Basic" in answer.headers["www-authenticate"]) is asks


def test_tokens_and_keys_go_together(tmp_path: Path, key: str, issuer: Issuer) -> None:
    app = gate(tmp_path, tokens={"issuer": issuer.url, "audience": ["filmless"]})
    assert ask(app, headers={"X-Api-Key": key}).json()["who"] == "ct-1"
    token = issuer.token(studies=["1.2.3"])
    assert ask(app, headers={"Authorization": f"Bearer {token}"}).json()["studies"] == ["1.2.3"]
    answer = ask(app, headers={"Authorization": f"Bearer {issuer.token(aud='other')}"})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_an_issuer_that_is_away_is_503_and_nobody_s_guess(tmp_path: Path, issuer: Issuer) -> None:
    issuer.status = 500
    app = gate(tmp_path, failures=1, tokens={"issuer": issuer.url, "audience": ["filmless"]})
    for _ in range(3):
        answer = ask(app, headers={"Authorization": f"Bearer {issuer.token()}"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


def test_a_key_file_that_is_broken_lets_nobody_in(tmp_path: Path, key: str) -> None:
    app = gate(tmp_path)
    (tmp_path / "keys.json").write_text("{")
    answer = ask(app, headers={"X-Api-Key": key})
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert ask(app).status_code in {401, 503}


def test_who_guesses_has_to_wait(tmp_path: Path, key: str) -> None:
    app = gate(tmp_path, failures=3, proxies=["127.0.0.1"])
    wrong = {"X-Api-Key": "filmless_" + "A" * 43}
    assert [ask(app, headers=wrong).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    answer = ask(app, headers={"X-Api-Key": key})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    # Others do not: neither other addresses, nor those behind the proxy.
    assert ask(app, headers={"X-Api-Key": key}, client="10.0.0.1").status_code == 200
    assert ask(app, headers={"X-Api-Key": key, "X-Forwarded-For": "10.0.0.2"}).status_code == 200
    # Who shows nothing does not guess.
    assert [ask(app, client="10.0.0.3").status_code for _ in range(5)] == [401] * 5


def test_the_memory_of_guesses_is_bounded() -> None:
    now = [0.0]
    throttle = Throttle(2, clock=lambda: now[0])
    for number in range(30_000):
        throttle.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle) == 10_000
    for _ in range(2):
        throttle.failed("2001:db8::1")
    assert throttle.wait_s("2001:db8::ffff") > 0  # the same network
    assert throttle.wait_s("2001:db8:0:1::1") == 0
    now[0] += 3.1
    assert throttle.wait_s("2001:db8::1") == 0
    throttle.failed("x" * 100_000)
    assert throttle.wait_s("::ffff:1.2.3.4") == 0


def test_only_health_is_open(tmp_path: Path, key: str) -> None:
    app = gate(tmp_path)
    assert ask(app, "/health").status_code == 200
    assert ask(app, "/health", headers={"Host": "10.0.0.1"}, client="10.0.0.9").status_code == 200
    for path in ("/health/", "/health/x", "/HEALTH", "//health", "/health%2f", "/x/health"):
        assert ask(app, path).status_code == 401
    assert ask(app, "/health", method="POST").status_code == 401


# Sizes and answers


def test_targets_and_headers_are_bounded(tmp_path: Path) -> None:
    app = Gate(application(), SecurityOptions(), limits=Limits(url_bytes=200, header_bytes=1000))
    assert ask(app, ROUTE + "?" + "a" * 150).status_code == 200
    assert ask(app, ROUTE + "?" + "a" * 200).status_code == 414
    assert ask(app, headers={"X": "a" * 500}).status_code == 200
    assert ask(app, headers={"X": "a" * 1000}).status_code == 431
    assert ask(app, headers=[("X", "")] * 300).status_code == 431


def test_answers_are_for_their_reader_alone(tmp_path: Path) -> None:
    app = gate(tmp_path)
    answer = ask(app)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    # What can be asked for again by its tag may be kept, by its reader alone, who has to ask.
    assert ask(app, "/dicom-web/picture").headers["cache-control"] == "private, no-cache"
    assert ask(app, headers={"Host": "evil"}).headers["x-content-type-options"] == "nosniff"


def test_what_an_answer_says_itself_stays() -> None:
    async def viewer(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-security-policy", b"default-src 'self'"), (b"cache-control", b"public, immutable")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    answer = ask(Gate(viewer, SecurityOptions()))
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert answer.headers["cache-control"] == "public, immutable"


def test_web_sockets_are_closed() -> None:
    import asyncio

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(Gate(application(), SecurityOptions())({"type": "websocket", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_trusted_proxies_say_who_and_how(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client"][0], scope["scheme"]))
        await application()(scope, receive, send)

    app = Gate(note, SecurityOptions(proxies=("10.0.0.0/8",)))
    headers = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto": "https"}
    assert ask(app, client="10.0.0.1", headers=headers | {"Origin": "https://localhost:8104"}).status_code == 200
    assert seen == [("1.2.3.4", "https")]
    assert ask(app, client="10.0.0.1", headers=headers | {"X-Forwarded-Proto": "gopher"}).status_code == 200
    assert seen[-1] == ("1.2.3.4", "http")
    assert ask(app, client="11.0.0.1", headers=headers).status_code == 403
