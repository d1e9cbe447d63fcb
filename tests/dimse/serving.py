"""An SCP in a thread, for peers that block."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from filmless.dimse import Scp
from filmless.dimse.scp.service import Service


@contextmanager
def serving(services: Sequence[Service], ae_title: str = "FILMLESS", **options: Any) -> Iterator[int]:
    """Serve on a free port of loopback; gives the port."""
    with serving_scp(Scp(ae_title, services, **options)) as port:
        yield port


@contextmanager
def serving_scp(scp: Scp, **options: Any) -> Iterator[int]:
    """Serve with an SCP that has its services, or handlers, and options of `Scp.listen`."""
    listening, ports, ends = threading.Event(), list[int](), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def serve() -> None:
        end = asyncio.Event()
        ends.append((asyncio.get_running_loop(), end))
        async with scp.listen(**options) as port:
            ports.append(port)
            listening.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert listening.wait(30)
        yield ports[0]
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(30)
        assert not thread.is_alive()
