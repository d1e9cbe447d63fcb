"""How much memory an SCP needs for one large multi-frame instance: pieces go through, wherever they go.

    python -m tests.dimse.large_instance --megabytes 2100 [--to archive|folder] [--folder DIR]

Sends an instance of so many megabytes of pixel data to an SCP in a process of its own, which is on loopback and writes
to a new folder; tells the most that was resident there, and how long it took.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# What makes and sends an instance is imported where it is needed: not in the process that is measured.

TREE = Path(__file__).parents[2]
_PIECE = 1 << 20
_MARK = 4 << 20


class Frames:
    """A data set with very long pixel data, made while it is sent."""

    def __init__(self, megabytes: int) -> None:
        from ..archive.made import instance_maker
        from .sending import behind_meta

        begin = behind_meta(instance_maker(size=_MARK)(1))
        at = begin.index(b"\xe0\x7f\x10\x00OW\0\0" + _MARK.to_bytes(4, "little")) + 8
        self._begin = begin[:at] + (megabytes << 20).to_bytes(4, "little")
        self._megabytes = megabytes

    @property
    def size(self) -> int:
        """Bytes of the data set."""
        return len(self._begin) + (self._megabytes << 20)

    def pieces(self) -> Iterator[bytes]:
        yield self._begin
        zeros = bytes(_PIECE)
        for _ in range(self._megabytes):
            yield zeros


async def measure(to: str, folder: Path, megabytes: int) -> tuple[int, int, float]:
    """Return what was resident before and at the most, in KiB, and the seconds it took."""
    from filmless.dimse import Timeouts, connect

    from ..archive.made import uid_of
    from .sending import CT, EXPLICIT, store

    if to == "archive":  # to make its tables takes more memory than all else, once
        from filmless.archive import Archive

        Archive(folder).close()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.dimse.large_instance", "--serve", to, "--folder", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=TREE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port, before = (await process.stdout.readline()).split()
        address = f"FILMLESS@127.0.0.1:{int(port)}"
        frames, begun = Frames(megabytes), time.monotonic()
        timeouts = Timeouts(response_s=600)
        async with connect(address, contexts=[(CT, (EXPLICIT,))], timeouts=timeouts) as peer:
            assert (await store(peer, frames, uid_of(1)))["Status"] == 0
        took = time.monotonic() - begun
        process.stdin.close()
        most = int(await process.stdout.readline())
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()
    [file] = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > frames.size]
    assert file.suffix == ".dcm"
    return int(before), most, took


def resident() -> int:
    """Return what was resident at the most, in KiB."""
    status = Path("/proc/self/status")
    if status.exists():  # where getrusage begins with what the process had before it became this program
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


async def serve(to: str, folder: Path) -> None:
    """Serve until standard input ends; say the port and what is resident, then what was at the most."""
    from contextlib import ExitStack

    from filmless.dimse import Scp

    with ExitStack() as stack:
        if to == "archive":
            from filmless.archive import Archive
            from filmless.dimse.services.storage import storage

            service = storage(stack.enter_context(Archive(folder)))
        else:
            from filmless.dimse.services.folder import folder as into_folder

            service = into_folder(folder)
        async with Scp("FILMLESS", [service]).listen() as port:
            print(port, resident(), flush=True)
            await asyncio.to_thread(sys.stdin.read)
        print(resident(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=2100)
    parser.add_argument("--to", choices=["archive", "folder"], default="archive")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve, options.folder))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made) / "out"
        before, most, took = asyncio.run(measure(options.to, folder, options.megabytes))
    print(f"{options.megabytes} MB: {most >> 10} MB resident at the most, {before >> 10} MB before, {took:.1f} s")


if __name__ == "__main__":
    main()
