"""Operations whose answers nobody takes, beside others on the same association."""

import time

import pytest

from filmless.dataset import Dataset
from filmless.dimse import Scp, Timeouts, connect
from filmless.dimse.scp.request import Request
from filmless.errors import LimitError

from .talking import talk


@pytest.mark.parametrize(("answers", "fails"), [(80, False), (400, True)])
def test_others_go_on_beside_a_query_that_is_paused(answers: int, fails: bool) -> None:
    """Of 8 MB that nobody takes all is kept, of 40 MB nothing: that query fails, and the association goes on."""
    scp = Scp("FILMLESS")

    @scp.on_find
    async def find(asking: Request) -> None:
        for _ in range(answers):
            if asking.is_cancelled:
                await asking.respond(0xFE00)
                return
            await asking.respond(0xFF00, Dataset({"TextValue": "x" * 100_000}))
        await asking.respond(0)

    async def main() -> None:
        timeouts = Timeouts(response_s=20)
        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}", timeouts=timeouts) as peer:
            found = peer.find(PatientName="*")
            await anext(found)
            for _ in range(3):
                await peer.echo()
            if fails:
                with pytest.raises(LimitError, match="waited to be gone through"):
                    [one async for one in found]
            else:
                assert len([one async for one in found]) == answers - 1
            await peer.echo()
            if not fails:
                assert len([one async for one in peer.find(PatientName="*")]) == answers

    began = time.monotonic()
    talk(main())
    assert time.monotonic() - began < 20  # nobody waited until a limit of time was over
