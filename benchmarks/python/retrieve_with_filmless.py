"""``python -m benchmarks.python.retrieve_with_filmless TITLE PORT get|move STUDY FOLDER|DESTINATION``.

Fetch a study into a folder, or have it sent to another application entity; prints seconds, and peak memory.
"""

import asyncio
import re
import sys
from pathlib import Path
from time import perf_counter

from filmless import dimse

_CT = "CTImageStorage"


async def _get(peer: str, study: str, folder: Path) -> None:
    model = "StudyRootQueryRetrieveInformationModelGet"
    async with dimse.connect(peer, sop_classes=[model, _CT]) as association:
        count = len([one async for one in association.get(study, into=folder)])
    if not count:
        raise SystemExit("nothing came")


async def _move(peer: str, study: str, destination: str) -> None:
    limits = dimse.Timeouts(response_s=600)
    async with dimse.connect(peer, timeouts=limits) as association:
        last = [one async for one in association.move(study, destination=destination)][-1]
    if last.failed or not last.completed:
        raise SystemExit(f"{last.failed} failed")


def main(title: str, port: str, how: str, study: str, to: str) -> None:
    """Fetch it, or have it sent."""
    start = perf_counter()
    peer = f"{title}@127.0.0.1:{port}"
    asyncio.run(_get(peer, study, Path(to)) if how == "get" else _move(peer, study, to))
    elapsed = perf_counter() - start
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    print(elapsed, int(held[1]) * 1024 if held else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
