"""Orthanc, as a peer on loopback: by DIMSE, and by DICOMweb with its plugin."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .dimse.receiving import free_port
from .dimse.talking import Authority

PLUGINS = Path("/usr/share/orthanc/plugins")


class Orthanc(NamedTuple):
    """Where an Orthanc is: its AE title is ORTHANC."""

    url: str
    port: int


def _plugin(name: str) -> str:
    """Return where a plugin of Orthanc is."""
    found = sorted(PLUGINS.glob(f"lib{name}.*"))
    if not found:
        missing = pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip
        missing(f"Orthanc's plugin {name} is not installed")
    return str(found[0])


@contextmanager
def orthanc(
    program: str,
    folder: Path,
    *,
    modalities: Mapping[str, tuple[str, int]] | None = None,
    tls: Authority | None = None,
    worklist: Path | None = None,
    port: int | None = None,
    servers: Mapping[str, Any] | None = None,
    users: Mapping[str, str] | None = None,
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
    servers
        DICOMweb servers that it knows, by name; given, it is one itself, at ``/dicom-web``.
    users
        Who may ask by HTTP, with their passwords; by default anybody.
    """
    http, dicom = free_port(), port or free_port()
    settings: dict[str, Any] = {
        "Name": "peer",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": users is not None,
        "RegisteredUsers": dict(users or {}),
        "HttpDescribeErrors": True,
        "KeepAlive": True,
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
        "Plugins": [],
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
        settings["Plugins"].append(_plugin("ModalityWorklists"))
        settings["Worklists"] = {"Enable": True, "Database": str(worklist)}
    if servers is not None:
        settings["Plugins"].append(_plugin("OrthancDicomWeb"))
        settings["DicomWeb"] = {"Enable": True, "Root": "/dicom-web/", "Servers": dict(servers), "Ssl": False}
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
