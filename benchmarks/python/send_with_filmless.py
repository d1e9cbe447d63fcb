"""``python -m benchmarks.python.send_with_filmless TITLE PORT FOLDER…``: store folders; prints how long it took.

With several folders each goes over an association of its own, at the same time.
"""

import asyncio
import sys
from time import perf_counter

from filmless import dimse


async def _store(peer: str, folder: str) -> int:
    async with dimse.connect(peer) as association:
        report = await association.store(folder)
    if report.failed:
        raise SystemExit(f"{report.failed[0].error}")
    return len(report.stored)


async def _store_all(peer: str, folders: list[str]) -> None:
    await asyncio.gather(*(_store(peer, folder) for folder in folders))


def main(title: str, port: str, folders: list[str]) -> None:
    """Store all files of folders."""
    start = perf_counter()
    asyncio.run(_store_all(f"{title}@127.0.0.1:{port}", folders))
    print(perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
