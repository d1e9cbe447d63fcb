"""Our SCU with our SCP, and with those of others."""

import asyncio
import inspect
import socket
from collections.abc import Callable
from typing import Any

import pytest

from filmless.dimse import BlockingPeer, Peer, Scp, Timeouts, connect
from filmless.dimse.services.verification import verification
from filmless.errors import AssociationRejected, NetworkError

from .asked import Way, both_ways, opened
from .serving import serving


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


def test_both_peers_have_the_same_members() -> None:
    def members(peer: type) -> dict[str, Any]:
        return {
            name: {key: one.replace(annotation=one.empty) for key, one in inspect.signature(member).parameters.items()}
            for name, member in vars(peer).items()
            if not name.startswith("_")
        }

    assert members(Peer) == members(BlockingPeer)


@both_ways
def test_nothing_is_asked_of_an_association_that_has_ended(way: Way) -> None:
    """At once, and not when the time for an answer is over."""
    with serving([verification()]) as port:
        if way == "blocking":
            with opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:
                peer.echo()
            with pytest.raises(NetworkError, match="released"):
                peer.echo()
            return

        async def talk() -> None:
            async with connect(f"FILMLESS@127.0.0.1:{port}") as peer:
                await peer.echo()
            with pytest.raises(NetworkError, match="released"):
                await peer.echo()

        asyncio.run(asyncio.wait_for(talk(), 10))


@both_ways
def test_a_silent_peer_may_want_tls(way: Way) -> None:
    timeouts = Timeouts(association_s=0.1, linger_s=0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NetworkError) as caught:  # noqa: SIM117
        with opened(way, f"X@127.0.0.1:{silent.getsockname()[1]}", timeouts=timeouts):
            pass
    assert caught.value.message == "the peer did not answer the request for an association within 0.1 seconds"
    assert "may want TLS" in str(caught.value.hint)


@both_ways
def test_one_sop_class_needs_no_list(way: Way) -> None:
    with (
        serving([verification()]) as port,
        opened(way, f"FILMLESS@127.0.0.1:{port}", sop_classes="Verification") as peer,
    ):
        peer.echo()


@both_ways
def test_both_peers_say_what_was_negotiated(way: Way) -> None:
    with serving([verification()]) as port, opened(way, f"FILMLESS@127.0.0.1:{port}", calling_ae_title="US") as peer:
        association = peer.association
        assert (association.called_ae_title, association.calling_ae_title) == ("FILMLESS", "US")
        assert association.address == ("127.0.0.1", port)
        assert [one.abstract_syntax for one in association.contexts] == ["1.2.840.10008.1.1"]
        assert association.context_for("1.2.840.10008.1.1") == association.contexts[0]
        assert association.acceptance.contexts[0].result == 0
