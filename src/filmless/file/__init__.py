"""Files: reading, writing, scanning many, file-sets and waveforms.

PS3.5 7, PS3.10, PS3.18 F, PS3.19 A.1.
"""

from filmless.file._fileset import FileSet, read_fileset
from filmless.file._read import dcmread, read
from filmless.file._scan import Scan, scan
from filmless.file._uid import generate_uid
from filmless.file._waveform import waveform
from filmless.file._write import encode, write

__all__ = [
    "FileSet",
    "Scan",
    "dcmread",
    "encode",
    "generate_uid",
    "read",
    "read_fileset",
    "scan",
    "waveform",
    "write",
]
