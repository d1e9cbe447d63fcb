"""Associations over TLS, by the profiles of PS3.15 B.12 (BCP 195), with openssl and the tools of others."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest

from filmless.dimse import Scp, connect
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.request import Request
from filmless.errors import NetworkError
from filmless.security import client_tls, server_tls
from filmless.security.options import TlsOptions

from .talking import Authority, talk


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Authority:
    found = Authority(tmp_path_factory.mktemp("ca"), peer("openssl"))
    found.make("ca", "/CN=Test authority")
    found.make("server", "/CN=localhost")
    found.make("ct", "/O=Hospital/CN=ct-1")
    found.make("rsa", "/CN=localhost", rsa=True)
    return found


def context_of(authority: Authority, name: str = "server", *, clients: str = "none") -> ssl.SSLContext:
    options: Any = {"client_certificates": clients, "authorities": authority.certificate}
    return server_tls(TlsOptions(certificate=authority.folder / f"{name}.pem", **options))


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace")


GOOD = [
    ("server", ["-tls1_3"], "TLSv1.3"),
    ("server", ["-tls1_2"], "TLSv1.2"),
    ("server", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("server", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "ECDHE-RSA-AES128-GCM-SHA256"),
    ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"], "ECDHE-RSA-AES256-GCM-SHA384"),
]
BAD = [
    ("server", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]),
    ("server", ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]),
    ("server", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"]),
    ("rsa", ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0"]),
    ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384:@SECLEVEL=0"]),
    ("server", ["-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"]),
]


@pytest.mark.parametrize(("name", "options", "word"), GOOD)
def test_what_bcp_195_asks_for_is_spoken(authority: Authority, name: str, options: list[str], word: str) -> None:
    async def main() -> None:
        async with Scp("FILMLESS").listen(tls=context_of(authority, name)) as port:
            status, output = await run(
                authority.openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(authority.certificate),
                "-verify_return_error", *options,
            )  # fmt: skip
        assert status == 0, output
        assert word in output
        assert "Verification: OK" in output
        assert "Compression: NONE" in output

    talk(main())


@pytest.mark.parametrize(("name", "options"), BAD)
def test_nothing_less_is_spoken(authority: Authority, name: str, options: list[str]) -> None:
    async def main() -> None:
        async with Scp("FILMLESS").listen(tls=context_of(authority, name)) as port:
            status, output = await run(authority.openssl, "s_client", "-connect", f"127.0.0.1:{port}", *options)
            assert status != 0, output
            async with connect(f"FILMLESS@127.0.0.1:{port}", tls=client_tls(authorities=authority.certificate)) as peer:
                await peer.echo()

    talk(main())


def test_a_peer_is_checked_by_its_certificate(authority: Authority) -> None:
    async def main() -> None:
        async with Scp("FILMLESS").listen(tls=context_of(authority)) as port:
            with pytest.raises(NetworkError, match="no connection"):  # an authority that the system does not know
                async with connect(f"FILMLESS@127.0.0.1:{port}", tls=client_tls()):
                    pass

    talk(main())


@pytest.mark.parametrize("clients", ["none", "required"])
@pytest.mark.parametrize("profile", ["--profile-bcp195", "--profile-bcp195-nd", "--profile-bcp195-ex"])
def test_echoscu(authority: Authority, peer: Callable[[str], str], clients: str, profile: str) -> None:
    echoscu = str(Path(peer("dcmsend")).with_name("echoscu"))
    folder = authority.folder
    shown = ["+tls", str(folder / "ct.key"), str(folder / "ct.crt")]

    async def main() -> None:
        async with Scp("FILMLESS").listen(tls=context_of(authority, "rsa", clients=clients)) as port:
            base = [profile, "+cf", str(authority.certificate), "-aec", "FILMLESS", "localhost", str(port)]
            status, output = await run(echoscu, *shown, *base)
            assert status == 0, output
            status, output = await run(echoscu, "+tla", *base)  # without a certificate
            assert (status == 0) == (clients == "none"), output

    talk(main())


def test_storescu(authority: Authority, peer: Callable[[str], str]) -> None:
    path = str(pydicom.data.get_testdata_file("MR_small.dcm"))
    storescu = str(Path(peer("dcmsend")).with_name("storescu"))
    scp, got = Scp("FILMLESS"), []

    @scp.on_store
    async def store(request: Request) -> None:
        got.append(await request.dataset())

    async def main() -> None:
        async with scp.listen(tls=context_of(authority)) as port:
            status, output = await run(
                storescu, "+tla", "+cf", str(authority.certificate), "--repeat", "20", "-aec", "FILMLESS",
                "localhost", str(port), path,
            )  # fmt: skip
            assert status == 0, output

    talk(main())
    assert len(got) == 20


def test_a_peer_that_never_reads_over_tls_is_cut(authority: Authority) -> None:
    """The transport of TLS has buffers of its own: what waits in them is bounded, and counts as not read."""
    from filmless._core import encode_command

    from .talking import IMPLICIT, STUDY_FIND, Raw, p_data

    scp, ended = Scp("FILMLESS", limits=ScpLimits(stall_s=0.3, linger_s=0.1)), []

    @scp.on_find
    async def find(request: Request) -> Any:
        from filmless import Dataset

        ds = Dataset()
        ds.PatientComments = "x" * 10_000
        try:
            while True:
                yield ds
        finally:
            ended.append(request.association.link.error)

    async def main() -> None:
        client = client_tls(authorities=authority.certificate)
        async with scp.listen(tls=context_of(authority)) as port:
            raw = await Raw.at(port, ssl=client, server_hostname="localhost")
            await raw.associate((STUDY_FIND, [IMPLICIT]))
            raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
            command = {"CommandField": 0x20, "MessageID": 1, "Priority": 0, "AffectedSOPClassUID": STUDY_FIND}
            raw.send(p_data(1, encode_command(command, True), command=True) + p_data(1, b"", command=False))
            async with asyncio.timeout(20):
                while not ended:
                    await asyncio.sleep(0.01)
            await raw.close()

    talk(main())
    assert "did not read" in str(ended[0])
