"""Bodies of requests, as clients make them, and waiting for what becomes of them."""

import threading
import time
from collections.abc import Callable, Iterable

BOUNDARY = "0123456789abcdef"
DICOM = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def multipart(parts: Iterable[bytes | tuple[dict[str, str], bytes]], *, boundary: str = BOUNDARY) -> bytes:
    """A body of parts: instances, or what has headers of its own."""
    body = bytearray()
    for part in parts:
        headers, data = part if isinstance(part, tuple) else ({"Content-Type": "application/dicom"}, part)
        body += f"--{boundary}\r\n".encode()
        for name, value in headers.items():
            body += f"{name}: {value}\r\n".encode()
        body += b"\r\n" + data + b"\r\n"
    return bytes(body) + f"--{boundary}--\r\n".encode()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
