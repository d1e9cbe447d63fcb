"""An instance of any size passes through little memory."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from made import instance_maker, uid_of
from filmless.archive import Archive

megabytes = int(sys.argv[3])
data = instance_maker(size=4 << 20)(1)
head = data[: -(4 << 20)]
# The length of the pixel data is its last four bytes.
head = head[:-4] + (megabytes << 20).to_bytes(4, "little")
piece = bytes(1 << 20)
with Archive(sys.argv[2]) as archive:
    archive.store(data.replace(uid_of(1).encode(), uid_of(2).encode()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for variant in (b"VARIANT ", b"VARIANT1"):  # one is stored, the other is compared with it and kept beside
        with archive.receive() as incoming:
            incoming.write(head.replace(b"VARIANT ", variant))
            for _ in range(megabytes):
                incoming.write(piece)
            print(incoming.submit().result().kind)
    entry = archive.index.find(uid_of(1))
    assert entry.size == len(head) + (megabytes << 20)
    with archive.open(entry) as file:
        while file.read(1 << 20):
            pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it measures with getrusage")
def test_a_large_instance_takes_little_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, Path(__file__).parent, tmp_path / "archive", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second, grown_mb = done.stdout.split()
    assert (first, second) == ("stored", "quarantined")
    assert int(grown_mb) < 24
