"""Our SCU with our SCP, and with those of others."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from filmless.dimse import Scp, connect
from filmless.dimse.services.verification import verification
from filmless.errors import AssociationRejected, NetworkError


def test_echo() -> None:
    async def talk() -> None:
        async with Scp("FILMLESS", [verification()]).listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            for _ in range(3):
                await peer.echo()

    asyncio.run(talk())


def test_a_called_ae_title_that_is_not_ours_is_rejected() -> None:
    async def talk() -> None:
        async with Scp("FILMLESS", [verification()]).listen() as port, connect(f"OTHER@127.0.0.1:{port}"):
            pass

    with pytest.raises(AssociationRejected, match="called AE title"):
        asyncio.run(talk())


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening

        async def talk() -> None:
            async with connect(f"X@127.0.0.1:{taken.getsockname()[1]}"):
                pass

        with pytest.raises(NetworkError, match="no connection"):
            asyncio.run(talk())


def test_echoscu(peer: Callable[[str], str]) -> None:
    async def serve() -> int:
        async with Scp("FILMLESS", [verification()]).listen() as port:
            process = await asyncio.create_subprocess_exec(
                peer("echoscu"), "-aec", "FILMLESS", "--repeat", "3", "127.0.0.1", str(port)
            )
            return await process.wait()

    assert asyncio.run(serve()) == 0
