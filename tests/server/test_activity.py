"""What is repeated beside the answers."""

import threading

import structlog

from filmless.server.activity import Activity

LOG = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(0))


def test_it_goes_on_after_what_fails_and_stops_when_asked() -> None:
    turns: list[int] = []
    enough = threading.Event()

    def work(stopping: threading.Event) -> float:
        turns.append(len(turns))
        if len(turns) == 2:
            raise ValueError("once")
        if len(turns) >= 4:
            enough.set()
        return 0.0

    activity = Activity("test", work, every_s=0.01, log=LOG)
    activity.start()
    assert enough.wait(30)
    activity.stop(30)
    assert not activity._thread.is_alive()


def test_once_alone_unless_the_work_asks_for_more() -> None:
    turns: list[int] = []

    def work(_: threading.Event) -> float | None:
        turns.append(1)
        return 0.0 if len(turns) < 3 else None

    activity = Activity("test", work, every_s=0, log=LOG)
    activity.start()
    activity._thread.join(30)
    assert len(turns) == 3


def test_it_is_woken() -> None:
    turn = threading.Semaphore(0)
    activity = Activity("test", lambda _: turn.release(), every_s=3600, log=LOG)
    activity.start()
    for _ in range(3):
        assert turn.acquire(timeout=30)
        activity.wake()
    activity.stop(30)
