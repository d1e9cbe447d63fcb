"""What a peer says of a failure reaches who asked, and not the message that may be logged."""

import asyncio

import pytest

from filmless._core import NegotiatedContext
from filmless.dimse import Scp, connect
from filmless.dimse.operations.requesting import answered
from filmless.dimse.scp.request import Request
from filmless.dimse.steps import Message
from filmless.errors import DimseStatusError


@pytest.mark.parametrize(("said", "shown"), [("no such place", "no such place"), ("", None)])
def test_an_error_comment_is_a_hint(said: str, shown: str | None) -> None:
    scp = Scp("FILMLESS")

    @scp.on_find
    async def find(asking: Request) -> None:
        await asking.respond(0xA700, ErrorComment=said)

    async def main() -> DimseStatusError:
        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            with pytest.raises(DimseStatusError) as caught:
                [one async for one in peer.find(PatientName="*")]
            return caught.value

    error = asyncio.run(main())
    assert error.status == 0xA700
    assert error.hint == (None if shown is None else f"the peer says: {shown}")
    assert "peer says" not in error.message


def test_an_error_comment_moves_no_cursor() -> None:
    command: dict[str | int, object] = {"Status": 0xA700, "ErrorComment": "a\x1b[2Jb" + "c" * 100}
    with pytest.raises(DimseStatusError) as caught:
        answered(Message(NegotiatedContext(1, "1.2", "1.2.840.10008.1.2"), command), "C-FIND")
    assert caught.value.hint == "the peer says: a?[2Jb" + "c" * 58
