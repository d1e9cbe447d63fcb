"""Many frames become one file in the memory of a few."""

import subprocess
import sys

import numpy as np
import pytest

from filmless.convert import to_dicom

_COUNT, _SIDE = 2000, 128

_SCRIPT = """
import re, sys
from pathlib import Path
import filmless
from filmless.convert import from_dicom

def peak():  # of this program; `getrusage` begins with what its parent had
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

ds = filmless.read(sys.argv[1])
for name in sys.argv[3:]:
    from_dicom(ds, name, sys.argv[2] + name, frames=range(8))
before = peak()
for name in sys.argv[3:]:
    from_dicom(ds, name, sys.argv[2] + name)
    print(name, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is asked for as Linux gives it")
def test_2000_frames(tmp_path):
    small = np.arange(_COUNT * 16 * 16, dtype=np.uint32).reshape(_COUNT, 16, 16) % 4093
    frames = np.repeat(np.repeat(small, _SIDE // 16, 1), _SIDE // 16, 2).astype(np.uint16)
    to_dicom(frames).save_as(tmp_path / "many.dcm")
    size = (tmp_path / "many.dcm").stat().st_size >> 20
    assert size >= 62
    command = [sys.executable, "-c", _SCRIPT, tmp_path / "many.dcm", f"{tmp_path}/out.", "tiff", "gif", "apng", "npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    grown = dict(line.split() for line in done.stdout.splitlines())
    assert set(grown) == {"tiff", "gif", "apng", "npy"}
    assert all(int(mb) < size // 2 for mb in grown.values()), grown
    assert (tmp_path / "out.npy").stat().st_size == _COUNT * _SIDE * _SIDE * 2 + 128
