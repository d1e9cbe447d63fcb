"""What docs/server.md shows works as it stands there, but for addresses and ports."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from filmless.server import read_settings
from tests.dimse.dcmtk import dcmtk
from tests.dimse.receiving import free_port
from tests.dimse.ris_files import item, put
from tests.dimse.talking import Authority
from tests.orthanc import orthanc
from tests.server.conftest import DEADLINE_S, instance, until

DOCS = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_configuration_is_one(number: int, tmp_path: Path) -> None:
    file = tmp_path / "filmless.toml"
    file.write_text(BLOCKS[number])
    read_settings(file)


def test_with_tls_a_worklist_and_forwarding(start, tmp_path: Path, ct: Path, peer: Callable[[str], str]) -> None:
    """An administrator's first day: a scanner, an archive of another maker, and who is not let in."""
    authority = Authority(tmp_path, peer("openssl"))
    authority.make("ca", "/CN=Hospital CA")
    authority.make("server", "/CN=localhost")
    authority.make("ct", "/CN=ct-1")
    (tmp_path / "ca.pem").rename(tmp_path / "hospital-ca.pem")
    (tmp_path / "ca.pem").symlink_to("hospital-ca.pem")
    put(tmp_path / "worklist", "1.wl", item(1))
    (tmp_path / "slice.dcm").write_bytes(instance(ct, 1))
    ours, theirs = free_port(), free_port()
    [shown] = [block for block in BLOCKS if "[dimse.tls]" in block]
    config = tmp_path / "filmless.toml"
    config.write_text(
        f'data = "data"\n{shown}'.replace("10.1.0.0/16", "127.0.0.0/8")
        .replace("10.2.0.8", "127.0.0.1")
        .replace("4242", str(theirs))
    )
    (tmp_path / "orthanc").mkdir()

    def tool(name: str, calling: str, *arguments: object, tls: bool = True) -> subprocess.CompletedProcess[str]:
        options = ["+tls", "ct.key", "ct.crt", "+cf", "hospital-ca.pem"] if tls else []
        asked = [*map(str, arguments)]
        files = [one for one in asked if one.endswith(".dcm")]
        command = [dcmtk(name), *options, *(one for one in asked if one not in files)]
        return subprocess.run(
            [*command, "-aet", calling, "-aec", "FILMLESS", "127.0.0.1", str(ours), *files],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd=tmp_path,
            check=False,
        )

    with orthanc(
        peer("Orthanc"), tmp_path / "orthanc", modalities={"us": ("FILMLESS", ours)}, tls=authority, port=theirs
    ) as there:
        server = start("--config", config, "--dimse", ours)
        stored = tool("storescu", "CT-1", "slice.dcm")
        assert stored.returncode == 0, stored.stderr
        with httpx.Client(base_url=there.url, timeout=DEADLINE_S) as http:
            until(lambda: len(http.get("/instances").json()) == 1, "it is sent on")
            http.post("/modalities/us/echo", json={}).raise_for_status()
        found = tool("findscu", "CT-1", "-W", "-k", "PatientID")
        assert "[P1]" in found.stdout + found.stderr
        assert tool("echoscu", "NOBODY").returncode != 0
        assert tool("echoscu", "CT-1", tls=False).returncode != 0
        command = [sys.executable, "-c", "from filmless.cli import main; main()", "echo", "pacs", "--config", config]
        echo = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=os.environ)
        assert "ORTHANC@127.0.0.1" in echo.stdout, echo.stderr
        assert server.end() == 0
    reasons = {event["reason"] for event in server.events() if event["event"] == "an association is refused"}
    assert "calling AE title" in reasons
    assert any(reason.startswith("TLS: ") for reason in reasons)
