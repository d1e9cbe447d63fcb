"""Anything at all in headers, targets and addresses: an answer below 500 and one whole line of audit."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filmless.security import ApiKeys, Audit, SecurityOptions, secured
from filmless.security.addresses import authority, forwarded_for, networks, origin

NAMES = [
    "host", "origin", "authorization", "x-api-key", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest",
    "content-length", "x-forwarded-for", "x-forwarded-proto", "forwarded", "access-control-request-method",
    "transfer-encoding", "via",
]  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"localhost", b"http://localhost", b"null", b"Bearer a.b.c", b"Basic Og==", b"1.2.3.4, 5.6.7.8", b"cross-site"]
    ),
)


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _status(app: Any, scope: dict[str, Any]) -> int:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    for _, value in sent[0]["headers"]:
        assert b"\n" not in value
        assert b"\r" not in value
    return int(sent[0]["status"])


@pytest.mark.parametrize("table", [{}, {"proxies": ["1.2.3.0/24"], "origins": ["http://localhost"]}])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6),
    path=st.text(max_size=30),
    query=st.binary(max_size=30),
    client=st.sampled_from(["127.0.0.1", "1.2.3.4", "::1", "fe80::1%eth0", ""]),
    method=st.sampled_from(["GET", "POST", "OPTIONS", "X"]),
    has_key=st.booleans(),
)
def test_any_request_has_an_answer_and_a_line(
    tmp_path: Path, table, headers, path, query, client, method, has_key
) -> None:
    audit_file, keys = tmp_path / "audit.jsonl", tmp_path / "keys.json"
    audit_file.unlink(missing_ok=True)
    keys.unlink(missing_ok=True)
    if has_key:
        ApiKeys(keys).create("a")
    scope = {
        "type": "http", "method": method, "path": f"/{path}", "raw_path": b"/x", "query_string": query,
        "scheme": "http", "server": ("127.0.0.1", 80), "client": (client, 1),
        "headers": [(name.encode(), value) for name, value in headers],
    }  # fmt: skip
    with Audit(audit_file) as audit:
        app = secured(_app, SecurityOptions.from_mapping(table, folder=tmp_path), audit=audit)
        status = asyncio.run(_status(app, scope))
    assert status in {200, 204, 400, 401, 403, 413}
    if has_key and path not in {"health", "health/live", "health/ready"}:
        assert status != 200
    (line,) = audit_file.read_bytes().splitlines()
    assert json.loads(line)["status"] == status
    assert line.isascii()


@given(st.text(max_size=80))
def test_any_text_is_a_plain_host_or_none(text: str) -> None:
    found = authority(text)
    if found is not None:
        assert found.host == found.host.lower()
        assert not set(found.host) & set("@/\\#?[] \r\n\t%,")
        again = authority(f"[{found.host}]" if ":" in found.host else found.host)
        assert again is not None
        assert again.host == found.host
    origin(text)
    forwarded_for("10.0.0.1", [text], networks(["10.0.0.0/8"]))
