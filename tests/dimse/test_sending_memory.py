"""What is sent needs little memory, also what has to be encoded anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from filmless.dataset import Dataset
from filmless.file import encode, read

MEGABYTES = 200
_MARK = 4 << 20

MEASURED = """
import resource, sys
from filmless.dimse.contexts import Sendable
from filmless._core import NegotiatedContext
from filmless.dimse.sending import fit
from filmless.file import read

path = sys.argv[1]
CT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"
edited = read(path)
edited.PatientID = "edited"
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for syntax in ("1.2.840.10008.1.2.2", IMPLICIT):
    sendable = Sendable([NegotiatedContext(1, CT, syntax, True, False)])
    for source in (path, read(path), edited):
        fitted = fit(source, sendable)
        assert sum(map(len, fitted.data.pieces())) == fitted.size > 200 << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it measures with getrusage")
def test_a_large_data_set_that_is_encoded_anew_takes_little_memory(tmp_path: Path) -> None:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "SOPInstanceUID": "1.2.3", "BitsAllocated": 16})
    ds.PixelData = bytes(_MARK)
    data = encode(ds, transfer_syntax="1.2.840.10008.1.2.2")
    at = data.index(b"\x7f\xe0\0\x10OW\0\0" + _MARK.to_bytes(4, "big")) + 8
    path = tmp_path / "big-endian.dcm"
    with path.open("wb") as file:
        file.write(data[:at] + (MEGABYTES << 20).to_bytes(4, "big"))
        file.truncate(at + 4 + (MEGABYTES << 20))
    assert read(path).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2"
    done = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40 << 10
