"""The built pages: what Vite made of ``viewer/``, found once, and answered by name."""

import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple, Self

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.errors import DicomWebError

__all__ = ["POLICY", "SAFE", "StaticFiles", "media_type"]

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",  # the codecs are WebAssembly
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the pages may load: nothing from elsewhere."""

SAFE: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""Headers of every answer."""
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml"}
_INDEX: Final = "index.html"


class _File(NamedTuple):
    path: Path
    media_type: str
    brotli: Path | None


class StaticFiles:
    """The files of the viewer, by their paths on the server.

    Parameters
    ----------
    folder
        Where they are. What is there now is served, and nothing else: no name of a request is ever looked for on disk.
    """

    def __init__(self, folder: Path) -> None:
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
        packed = {path for path in paths if path.suffix == ".br"}
        self._files = {
            path.relative_to(folder).as_posix(): _File(
                path, media_type(path), brotli if (brotli := Path(f"{path}.br")) in packed else None
            )
            for path in paths
            if path not in packed
        }

    @classmethod
    def built(cls) -> Self:
        """Return those that came with the package; none in a checkout in which the viewer was not built."""
        return cls(Path(str(files("filmless.viewer") / "static")))

    @property
    def are_there(self) -> bool:
        """Whether the viewer was built."""
        return _INDEX in self._files

    def routes(self) -> list[Route]:
        """Return the routes: none when there are no files."""
        if not self.are_there:
            return []
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/view/{rest:path}", self._page, methods=["GET"]),
            Route("/assets/{name:path}", self._asset, methods=["GET"]),
        ]

    async def _page(self, request: Request) -> Response:
        # Its name stays when it changes, so that a browser has to ask each time.
        headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": POLICY}
        return await _answer(self._files[_INDEX], request, headers)

    async def _asset(self, request: Request) -> Response:
        found = self._files.get(f"assets/{request.path_params['name']}")
        if found is None:
            raise DicomWebError("the viewer has no such file", status=404, hint="load the page anew")
        # What it holds is part of its name. A cache that many share would give it to who did not sign in. A worker goes
        # by the policy that comes with its own script, and decodes.
        forever = "private, max-age=31536000, immutable"
        return await _answer(found, request, {"Cache-Control": forever, "Content-Security-Policy": POLICY})


async def _answer(found: _File, request: Request, headers: dict[str, str]) -> Response:
    takes_brotli = "br" in request.headers.get("accept-encoding", "")
    said = {**SAFE, **headers, "Vary": "Accept-Encoding"}
    path = found.path
    if takes_brotli and found.brotli is not None:
        path, said["Content-Encoding"] = found.brotli, "br"
    return Response(await run_sync(path.read_bytes), media_type=found.media_type, headers=said)


def media_type(path: Path) -> str:
    """Return the media type of a file by its name: tables of the system do not count for what pages are made of."""
    return _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
