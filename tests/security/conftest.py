"""An issuer of tokens, and keys."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc.jwk import ECKey, RSAKey

from .serving import Issuer


@pytest.fixture(scope="session")
def rsa() -> RSAKey:
    """A key, which takes a while to make."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture(scope="session")
def other_rsa() -> RSAKey:
    """A key that the issuer does not have."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def issuer(rsa: RSAKey) -> Iterator[Issuer]:
    """An issuer with an RSA and an EC key."""
    found = Issuer(keys=[rsa, ECKey.generate_key("P-256", {"kid": "two"})])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = found.answer(self.path)
            self.send_response(found.status)
            self.end_headers()
            with contextlib.suppress(OSError):  # who asks stops where it is too long
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
