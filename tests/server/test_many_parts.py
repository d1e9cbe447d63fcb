"""A body of very many tiny parts is read, and others are answered meanwhile."""

import gzip
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from .conftest import Started

_PART = b"--x\r\nContent-Type: application/octet-stream\r\nContent-Location: a\r\n\r\n1\r\n"
_BODY = b"--x\r\nContent-Type: application/dicom+json\r\n\r\n[]\r\n" + 40_000 * _PART + b"--x--\r\n"


@pytest.fixture
def served(start: Callable[..., Started], tmp_path: Path) -> Started:
    return start("--data", tmp_path / "data")


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_others_are_answered_while_very_many_parts_are_read(served: Started, coding: str) -> None:
    body = gzip.compress(_BODY, 1) if coding == "gzip" else _BODY
    head = {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=x', "Content-Encoding": coding}
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(httpx.post(f"{served.url}/dicom-web/studies", content=body, headers=head, timeout=60))

    sender = threading.Thread(target=send)
    sender.start()
    waited = []
    while sender.is_alive():
        begun = time.perf_counter()
        assert served.client.get("/health/live").status_code == 200
        waited.append(time.perf_counter() - begun)
    sender.join()
    assert answers[0].status_code in {400, 409, 413}
    # A machine that does much else makes a few wait.
    assert len(waited) > 50
    assert sum(seconds > 0.25 for seconds in waited) <= len(waited) // 50
