"""Archives of others: DCMTK's dcmqrscp, and Orthanc."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .dcmtk import dcmtk
from .receiving import free_port, running
from .talking import Authority


@contextmanager
def dcmqrscp(folder: Path, *, mover: int = 1) -> Iterator[int]:
    """Run dcmqrscp over an empty folder; gives its port. It is DCMQRSCP, and knows MOVER at a port."""
    port = free_port()
    (folder / "files").mkdir()
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nmover = (MOVER, 127.0.0.1, {mover})\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nDCMQRSCP {folder / 'files'} RW (100, 100mb) ANY\nAETable END\n"
    )
    with running([dcmtk("dcmqrscp"), "-c", settings], port):
        yield port


class Orthanc(NamedTuple):
    """Where an Orthanc is: its AE title is ORTHANC."""

    url: str
    port: int


def _worklist_plugins() -> list[str]:
    """Return where Orthanc's plugin for worklists is."""
    found = sorted(Path("/usr/share/orthanc/plugins").glob("libModalityWorklists.*"))
    if not found:
        missing = pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip
        missing("Orthanc's plugin ModalityWorklists is not installed")
    return [str(found[0])]


@contextmanager
def orthanc(
    program: str,
    folder: Path,
    *,
    modalities: Mapping[str, tuple[str, int]] | None = None,
    tls: Authority | None = None,
    worklist: Path | None = None,
    port: int | None = None,
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
    tls
        It speaks TLS, with the certificates `server` and `ct` of this authority, and asks for one.
    worklist
        A folder of items that it answers with, of its plugin.
    port
        Of DICOM; by default a free one.
    """
    http, dicom = free_port(), port or free_port()
    settings: dict[str, Any] = {
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
        "DicomModalities": {
            name: {
                "AET": title,
                "Host": "127.0.0.1",
                "Port": port,
                "UseDicomTls": tls is not None,
                "AllowStorageCommitment": True,
                "AllowNEventReport": True,
            }
            for name, (title, port) in (modalities or {}).items()
        },
        "StableAge": 1,
    }
    if tls is not None:
        settings |= {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(tls.folder / "server.crt"),
            "DicomTlsPrivateKey": str(tls.folder / "server.key"),
            "DicomTlsTrustedCertificates": str(tls.certificate),
            "DicomTlsRemoteCertificateRequired": True,
        }
    if worklist is not None:
        settings |= {"Plugins": _worklist_plugins(), "Worklists": {"Enable": True, "Database": str(worklist)}}
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
