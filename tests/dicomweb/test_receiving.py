"""How instances of a request are in flight together, and what waits for what."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from filmless.archive import Outcome
from filmless.dicomweb.origin import store
from filmless.dicomweb.origin.receiving import Memory
from filmless.dicomweb.origin.service import Service

from .conftest import serving
from .multipart_bodies import DICOM, multipart, until

PART = b"\0" * 128 + b"DICM" + b"\0" * 100


class Slow:
    """An archive whose commits come when the test lets them."""

    def __init__(self) -> None:
        self.waiting: list[Future[Outcome]] = []
        self.changed = threading.Condition()
        self.discarded = 0

    def receive(self) -> "Slow":
        return self

    def write(self, data: bytes) -> None:
        pass

    def submit(self, **_: Any) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        with self.changed:
            self.waiting.append(future)
            self.changed.notify_all()
        return future

    def __exit__(self, *_: object) -> None:
        self.discarded += 1

    def until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 20)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def service(slow: Slow) -> Service:
    return Service(slow)  # type: ignore[arg-type]


@pytest.fixture
def served(service: Service) -> Iterator[str]:
    with serving(Starlette(routes=store.routes(service))) as url:
        yield url


def test_instances_of_one_request_share_a_commit_and_no_thread_waits_for_it(
    served: str, slow: Slow, service: Service
) -> None:
    answers: list[httpx.Response] = []

    def send() -> None:
        body = multipart([PART] * 20)
        answers.append(httpx.post(f"{served}/studies", content=body, headers={"Content-Type": DICOM}, timeout=60))

    sender = threading.Thread(target=send)
    sender.start()
    done = 0
    for expected in (8, 16, 20):  # eight at a time: a bound
        slow.until(lambda most=expected: len(slow.waiting) == most)  # type: ignore[misc]
        assert answers == []
        until(lambda: service.files.borrowed_tokens == 0)
        for number, future in enumerate(slow.waiting[done:expected], start=done):
            future.set_result(Outcome("stored", "1.2", "1.2.3", f"1.2.3.{number}", "1.2.840.10008.5.1.4.1.1.7"))
        done = expected
    sender.join(30)
    assert answers[0].status_code == 200
    told = answers[0].json()["00081199"]["Value"]
    assert sorted(one["00081155"]["Value"][0] for one in told) == sorted(f"1.2.3.{number}" for number in range(20))
    assert slow.discarded == 20


def test_commits_that_fail_are_told_for_each(served: str, slow: Slow) -> None:
    def fail() -> None:
        slow.until(lambda: len(slow.waiting) == 2)
        slow.waiting[0].set_exception(OSError("gone"))
        slow.waiting[1].set_exception(RuntimeError("a bug"))

    failing = threading.Thread(target=fail)
    failing.start()
    response = httpx.post(
        f"{served}/studies", content=multipart([PART] * 2), headers={"Content-Type": DICOM}, timeout=60
    )
    failing.join(30)
    assert response.status_code == 503
    assert "a bug" not in response.text


def test_the_more_requests_the_smaller_their_pieces() -> None:
    memory = Memory()
    sizes = []
    for requests in (0, 1, 10, 32, 100, 1000, 10_000):
        memory.requests = requests
        sizes.append(memory.piece)
        assert memory.piece * requests <= max(32 << 20, requests * (64 << 10))
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (1 << 20, 64 << 10)
