"""``python -m benchmarks.python.send_with_filmless TITLE PORT PATH…``: store files; prints seconds, and peak memory.

With several folders, or files, each goes over an association of its own, at the same time.
"""

import asyncio
import re
import sys
from pathlib import Path
from time import perf_counter

from filmless import dimse


async def _store(peer: str, path: str) -> None:
    for group in dimse.plan(path):
        async with dimse.connect(peer, contexts=group.contexts) as association:
            report = await association.store(group.sources)
        if report.failed:
            raise SystemExit(f"{report.failed[0].error}")


async def _store_all(peer: str, paths: list[str]) -> None:
    await asyncio.gather(*(_store(peer, path) for path in paths))


def main(title: str, port: str, paths: list[str]) -> None:
    """Store all files of all paths."""
    start = perf_counter()
    asyncio.run(_store_all(f"{title}@127.0.0.1:{port}", paths))
    elapsed = perf_counter() - start
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    print(elapsed, int(held[1]) * 1024 if held else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
