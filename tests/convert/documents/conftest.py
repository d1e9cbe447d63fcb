"""Documents made on the spot."""

import hashlib
from collections.abc import Callable, Iterable

import pytest

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """Make a PDF of pages ((width, height, content), ...); `title` in its information, `password` to open it."""

    def make_pdf(
        pages: Iterable[tuple[float, float, str]] = ((200, 100, "0 0 50 50 re f"),),
        *,
        title: bytes | None = None,
        password: bytes | None = None,
        page_entries: str = "",
        resources: str = "",
        more: Iterable[str] = (),
    ) -> bytes:
        pages = list(pages)
        kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
        bodies = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        ]
        for index, (width, height, content) in enumerate(pages):
            bodies.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {4 + 2 * index} 0 R"
                f" /Resources << {resources} >> {page_entries} >>".encode()
            )
            bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream".encode())
        bodies += [body.encode() for body in more]
        trailer = b""
        if title is not None:
            bodies.append(b"<< /Title (" + title + b") /Author (Doe) /Keywords (secret) >>")
            trailer += b" /Info %d 0 R" % len(bodies)
        if password is not None:
            owner, identifier = bytes(range(32)), bytes(16)
            padded = (password + _PADDING)[:32]
            key = hashlib.md5(padded + owner + (2**32 - 4).to_bytes(4, "little") + identifier).digest()[:5]
            trailer += (
                f" /ID [<{identifier.hex()}> <{identifier.hex()}>] /Encrypt << /Filter /Standard /V 1 /R 2"
                f" /O <{owner.hex()}> /U <{_rc4(key, _PADDING).hex()}> /P -4 >>"
            ).encode()
        out, offsets = bytearray(b"%PDF-1.4\n"), []
        for number, body in enumerate(bodies, 1):
            offsets.append(len(out))
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        out += b"trailer\n<< /Size %d /Root 1 0 R%b >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, start)
        return bytes(out)

    return make_pdf


@pytest.fixture(scope="session")
def cda() -> Callable[..., bytes]:
    """Make a CDA document; pieces can be replaced."""

    def cda(
        encoding: str = "UTF-8", *, title: str = "Discharge summary", declared: str | None = None, **more: str
    ) -> bytes:
        text = (
            f'<?xml version="1.0" encoding="{declared or encoding}"?>\n{more.get("before", "")}'
            '<ClinicalDocument xmlns="urn:hl7-org:v3">'
            '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
            f'{more.get("id", """<id root="2.16.840.1.113883.19.4" extension="c266"/>""")}'
            '<code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"/>'
            f"<title>{title}</title><recordTarget><patientRole><patient><name>Doe</name></patient></patientRole>"
            f"</recordTarget><component><title>no</title>{more.get('body', '<text>ok</text>')}</component>"
            "</ClinicalDocument>\n"
        )
        return text.encode(encoding)

    return cda


@pytest.fixture(scope="session")
def stl() -> Callable[..., bytes]:
    """Make an STL of so many triangles."""
    import numpy as np

    def stl(triangles: int = 12, *, text: bool = False) -> bytes:
        corners = np.random.default_rng(4).random((triangles, 3, 3), np.float32)
        if text:
            facets = (
                "  facet normal 0 0 1\n    outer loop\n"
                + "".join(f"      vertex {x:.6e} {y:.6e} {z:.6e}\n" for x, y, z in facet)
                + "    endloop\n  endfacet\n"
                for facet in corners
            )
            return ("solid heart\n" + "".join(facets) + "endsolid heart\n").encode()
        records = np.zeros(triangles, np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")]))
        records["v"] = corners
        return b"binary".ljust(80) + triangles.to_bytes(4, "little") + records.tobytes()

    return stl


@pytest.fixture(scope="session")
def obj() -> bytes:
    return (
        b"# a cube's corner\nmtllib bones.mtl\no corner\nv 0 0 0\nv 1 0 0 # x\nv 0 1 0\nv 0 0 1\n"
        b"vt 0 0\nvn 0 0 1\nusemtl ivory\ns off\nf 1/1/1 2/1/1 3/1/1\nf -4 -3 \\\n  -1\n"
    )


@pytest.fixture(scope="session")
def mtl() -> bytes:
    return (
        b"# materials\nnewmtl ivory\nKa 1 1 1\nKd 0.9 0.9 0.8\nd 1.0\nillum 2\nmap_Kd -s 2 2 -clamp on skin tone.png\n"
    )
