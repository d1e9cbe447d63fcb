import asyncio
import errno
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from filmless.errors import SecurityError
from filmless.security import ApiKeys, Audit, SecurityOptions, secured
from filmless.security.audited import AuditedApplication

from .serving import application, ask

ROUTE = "/dicom-web/studies/1.2"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def audited(folder: Path, *requests: dict[str, Any], **table: Any) -> list[dict[str, Any]]:
    """Send requests to an application that is secured, and return their lines."""
    options = SecurityOptions.from_mapping(table, folder=folder)
    with Audit(folder / "audit.jsonl") as audit:
        app = secured(application(), options, audit=audit)
        for request in requests:
            ask(app, request.pop("path", ROUTE), **request)
    return lines(folder / "audit.jsonl")


def test_a_line_says_who_what_from_where_and_how_it_ended(tmp_path: Path) -> None:
    key = ApiKeys(tmp_path / "keys.json").create("ct-1")
    path = f"{ROUTE}?PatientName=Doe%5EJane&00100020=4711&limit=5&x"
    (line,) = audited(tmp_path, {"path": path, "headers": {"X-Api-Key": key}})
    assert line.pop("time").endswith("Z")
    assert line.pop("ms") >= 0
    assert line == {
        "who": "ct-1",
        "by": "key",
        "from": "127.0.0.1",
        "method": "GET",
        "route": "/dicom-web/studies/{study}",
        "uids": {"study": "1.2"},
        "query": ["PatientName", "00100020", "limit", "?"],
        "outcome": "success",
        "status": 200,
        "received": 0,
        "bytes": line["bytes"],
    }
    assert line["bytes"] > 10


def test_refusals_are_noted_with_their_reason(tmp_path: Path) -> None:
    ApiKeys(tmp_path / "keys.json").create("ct-1")
    requests = [
        {}, {"headers": {"Host": "evil"}}, {"headers": {"Origin": "http://evil"}}, {"headers": {"X-Api-Key": "x"}},
        {"path": "/health"},
    ]  # fmt: skip
    found = audited(tmp_path, *requests)
    assert [(line["status"], line["outcome"], line.get("reason")) for line in found] == [
        (401, "refused", "none"),
        (403, "refused", "host"),
        (403, "refused", "origin"),
        (401, "refused", "key"),
        (200, "success", None),
    ]
    assert [line["who"] for line in found] == [None, None, None, None, "anyone"]


def test_nothing_of_a_patient_gets_in(tmp_path: Path) -> None:
    secret = "Doe^Jane"
    requests = [
        {"path": f"{ROUTE}?PatientName={secret}&{secret}&{secret}=1"},
        {"path": f"/dicom-web/studies/{secret}"},
        {"path": "/dicom-web/studies", "method": "POST", "content": secret.encode()},
        {"headers": {"User-Agent": secret, "Referer": secret}},
    ]
    audited(tmp_path, *requests)
    text = (tmp_path / "audit.jsonl").read_text()
    assert "Doe" not in text
    assert lines(tmp_path / "audit.jsonl")[2]["uids"] == {"stored": ["1.2.3", "?"]}


@pytest.mark.parametrize(
    "path", ["/x%0A%7B%22who%22:%22admin%22%7D", "/%1b[2J", "/%E2%80%A8", "/%ff%fe", "/" + "a" * 5000, "/%00", "/é"]
)
def test_a_path_is_escaped_and_bounded(tmp_path: Path, path: str) -> None:
    (line,) = audited(tmp_path, {"path": path})
    raw = (tmp_path / "audit.jsonl").read_bytes()
    assert raw.count(b"\n") == 1
    assert raw.isascii()
    assert len(raw) < 3000
    assert "path" in line
    assert "route" not in line
    assert all(character >= 0x20 for character in raw[:-1])


def test_who_asked_through_a_proxy(tmp_path: Path) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6\t, 1.2.3.4"}
    first, second = audited(
        tmp_path, {"headers": headers, "client": "10.0.0.1"}, {"headers": headers}, proxies=["10.0.0.1"]
    )
    assert (first["from"], first["proxy"]) == ("1.2.3.4", "10.0.0.1")
    assert (second["from"], second.get("proxy")) == ("127.0.0.1", None)


def test_an_error_of_the_application_is_noted(tmp_path: Path) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async def cut(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise ZeroDivisionError

    with Audit(tmp_path / "audit.jsonl") as audit:
        for app in (broken, cut):
            with pytest.raises(ZeroDivisionError):
                asyncio.run(_run(AuditedApplication(app, audit)))
    assert [(line["outcome"], line["status"]) for line in lines(tmp_path / "audit.jsonl")] == [
        ("failed", 500),
        ("failed", 200),
    ]


async def _run(app: Any) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        pass

    await app({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive, send)


def test_who_leaves_and_who_is_cancelled_is_noted(tmp_path: Path) -> None:
    async def reads(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        task = asyncio.ensure_future(_run(AuditedApplication(waits, audit)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Audit(tmp_path / "audit.jsonl") as audit:
        asyncio.run(_run(AuditedApplication(reads, audit)))
        asyncio.run(cancelled())
    assert [line["outcome"] for line in lines(tmp_path / "audit.jsonl")] == ["aborted", "failed"]


def test_no_line_is_lost_under_load(tmp_path: Path) -> None:
    with Audit(tmp_path / "audit.jsonl", capacity=20) as audit:
        app = AuditedApplication(application(), audit)

        def threads() -> None:
            for number in range(500):
                audit.write({"thread": number})

        async def loop() -> None:
            async def one(number: int) -> None:
                await _run(_Numbered(app, number))

            await asyncio.gather(*(one(number) for number in range(500)))

        other = threading.Thread(target=threads)
        other.start()
        asyncio.run(loop())
        other.join()
    found = lines(tmp_path / "audit.jsonl")
    assert sorted(line["thread"] for line in found if "thread" in line) == list(range(500))
    assert len({line["path"] for line in found if "path" in line}) == 500


class _Numbered:
    def __init__(self, app: Any, number: int) -> None:
        self._app, self._number = app, number

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "path": f"/{self._number}"}, receive, send)


def test_a_full_disk_makes_accesses_wait_then_refuses_them_and_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    real, full, tried = os.write, threading.Event(), threading.Event()
    parts: list[bytes] = []

    def write(descriptor: int, content: Any) -> int:
        if full.is_set():
            tried.set()
            parts.append(b"")
            if len(parts) % 2:
                return real(descriptor, content[:7])  # a part, as disks do
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr("filmless.security.audit.os.write", write)
    monkeypatch.setattr("filmless.security.audit._RETRY_S", 0.01)
    path = tmp_path / "audit.jsonl"
    with Audit(path, capacity=2, patience_s=0.05) as audit:
        app = secured(application(), SecurityOptions(), audit=audit)
        full.set()
        assert [ask(app).status_code for _ in range(2)] == [200, 200]
        assert tried.wait(5)
        answer = ask(app)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        with pytest.raises(SecurityError):
            audit.write({})
        full.clear()
        while ask(app).status_code == 503:
            pass
    whole = [line for line in path.read_text().splitlines() if line.endswith("}") and line.startswith("{")]
    assert len([json.loads(line) for line in whole]) == 3


def test_files_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with Audit(path, max_bytes=100, keep=3, capacity=1) as audit:
        for number in range(40):
            audit.write({"number": number})
    assert sorted(found.name for found in tmp_path.iterdir()) == [
        "audit.jsonl",
        *(f"audit.jsonl.{n}" for n in (1, 2, 3)),
    ]
    assert all(found.stat().st_size <= 100 for found in tmp_path.iterdir())
    numbers = [line["number"] for n in (".3", ".2", ".1", "") for line in lines(tmp_path / f"audit.jsonl{n}")]
    assert numbers == list(range(numbers[0], 40))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no file that is open")
def test_a_file_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with Audit(path, capacity=1) as audit:
        audit.write({"a": 1})
        audit.write({"b": 1})  # there is room for one: the first is written
        path.rename(tmp_path / "moved")
        audit.write({"c": 1})
    assert [*lines(tmp_path / "moved"), *lines(path)] == [{"a": 1}, {"b": 1}, {"c": 1}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"a":1}\n{"b":')
    with Audit(path) as audit:
        audit.write({"c": 1})
    assert path.read_text().splitlines() == ['{"a":1}', '{"b":', '{"c":1}']


def test_standard_output(capfd) -> None:
    with Audit(None) as audit:
        audit.write({"a": "\n\u2028"})
    assert capfd.readouterr().out == '{"a":"\\n\\u2028"}\n'


def test_a_file_that_cannot_be_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="the audit cannot be written"):
        Audit(tmp_path)
