"""Archives of others: DCMTK's dcmqrscp, and Orthanc."""

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .dcmtk import dcmtk
from .receiving import free_port, running


@contextmanager
def dcmqrscp(folder: Path) -> Iterator[int]:
    """Run dcmqrscp over an empty folder; gives its port. It is DCMQRSCP."""
    port = free_port()
    (folder / "files").mkdir()
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nDCMQRSCP {folder / 'files'} RW (100, 100mb) ANY\nAETable END\n"
    )
    with running([dcmtk("dcmqrscp"), "-c", settings], port):
        yield port


class Orthanc(NamedTuple):
    """Where an Orthanc is: its AE title is ORTHANC."""

    url: str
    port: int


@contextmanager
def orthanc(
    program: str, folder: Path, *, modalities: Mapping[str, tuple[str, int]] | None = None
) -> Iterator[Orthanc]:
    """Run Orthanc over an empty folder.

    Parameters
    ----------
    program
        The executable.
    folder
        Where it keeps things.
    modalities
        Peers that it knows, by name: AE title and port.
    """
    http, dicom = free_port(), free_port()
    settings = {
        "Name": "peer",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowFind": True,
        "DicomModalities": {name: [title, "127.0.0.1", port] for name, (title, port) in (modalities or {}).items()},
        "StableAge": 1,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings))
    process = subprocess.Popen([program, str(file)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "Orthanc has started" in line:
                break
        else:
            raise AssertionError("Orthanc did not start")
        # Its log goes on: it must not fill the pipe.
        reader = threading.Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield Orthanc(f"http://127.0.0.1:{http}", dicom)
    finally:
        process.terminate()
        process.wait(30)
        reader.join(30)
        process.stderr.close()
