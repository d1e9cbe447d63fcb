"""multipart/related, taken apart by a few lines that have nothing of ours in them."""

import re

import httpx

__all__ = ["parts_of"]


def parts_of(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """Return headers and body of each part."""
    assert answer.status_code == 200, answer.text
    found = re.fullmatch(r'multipart/related; type="([^"]+)"; boundary=([0-9a-f]+)', answer.headers["content-type"])
    assert found
    delimiter = b"\r\n--" + found[2].encode()
    before, *parts, end = (b"\r\n" + answer.content).split(delimiter)
    assert (before, end) == (b"", b"--\r\n")
    result = []
    for part in parts:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n"))
        assert int(headers["content-length"]) == len(body)
        result.append((headers, body))
    return result
