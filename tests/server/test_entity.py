"""What the application entity does beside answering."""

import asyncio
import sys

from filmless.server import entity
from filmless.server.logs import make_log
from filmless.server.settings.tree import Logs


def test_what_runs_beside_is_begun_again_when_it_fails(monkeypatch, capsys) -> None:
    monkeypatch.setattr(entity, "_AGAIN_S", 0)

    async def main() -> int:
        began, is_again = 0, asyncio.Event()

        async def work() -> None:
            nonlocal began
            began += 1
            if began == 1:
                raise OSError("Doe^Jane")
            is_again.set()
            await asyncio.Event().wait()

        async with entity._running(work, make_log(Logs(), sys.stderr)), asyncio.timeout(10):
            await is_again.wait()
        return began

    assert asyncio.run(main()) == 2
    told = capsys.readouterr().err
    assert "OSError" in told
    assert "Jane" not in told
