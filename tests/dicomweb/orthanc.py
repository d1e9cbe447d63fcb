"""Orthanc with its DICOMweb plugin, as a peer on loopback."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def orthanc(program: str, folder: Path, *, servers: dict[str, Any]) -> Iterator[str]:
    """Run Orthanc over an empty folder; gives its URL.

    Parameters
    ----------
    program
        The executable.
    folder
        Where it keeps things.
    servers
        DICOMweb servers it knows, by name.
    """
    port = _free_port()
    settings = {
        "Name": "peer",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [PLUGIN],
        "HttpPort": port,
        "HttpDescribeErrors": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "HttpServerEnabled": True,
        "KeepAlive": True,
        "StableAge": 1,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": servers, "Ssl": False},
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
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/system").status_code == 200
        yield url
    finally:
        process.terminate()
        process.wait(30)
        reader.join(30)
        process.stderr.close()
