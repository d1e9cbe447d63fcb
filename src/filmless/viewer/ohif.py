"""OHIF, the viewer of others, from its built files: told where DICOMweb is, and put at a path it was not built for."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from filmless.dicomweb.origin.gzipped import gzip, takes_gzip
from filmless.errors import DicomWebError
from filmless.viewer.static_files import POLICY, SAFE, media_type

__all__ = ["Ohif"]

_INDEX: Final = "index.html"
_CONFIG: Final = "app-config.js"
_SERVICE_WORKER: Final = "init-service-worker.js"
#: Settings of other servers, and what fetches scripts from elsewhere.
_LEFT_OUT: Final = frozenset(
    {"_headers", "_redirects", "serve.json", "google.js", "sw.js", "silent-refresh.html", "oidc-signin-callback.html"}
)
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HASHED: Final = re.compile(r"(?:^|[./])[0-9a-f]{20}\.")
#: Where a build says that it is at the root, by the kind of file: pages, webpack's chunks, style sheets, a manifest.
_ROOTED: Final = {
    ".html": re.compile(r"((?:href|src|content)=\"|PUBLIC_URL ?= ?')/(?!/)"),
    ".js": re.compile(r'(__webpack_require__\.p ?= ?")/(?=")'),
    ".css": re.compile(r"(url\([\"']?)/(?!/)"),
    ".json": re.compile(r'("src": ?")/(?!/)'),
}


class Ohif:
    """OHIF's files, by their paths on the server.

    Parameters
    ----------
    folder
        The build, as ``dist`` of the package ``@ohif/app``. What is there now is served, and nothing else.
    at
        Path of the server that it is put at, as ``/ohif``; empty for the root.
    dicom_web
        Path of the DICOMweb service.

    Raises
    ------
    FileNotFoundError
        There is no build of OHIF.

    Notes
    -----
    Nothing of it leaves the origin: the configuration is ours, and a Content Security Policy holds it to that.
    """

    def __init__(self, folder: Path, at: str, *, dicom_web: str = "/dicom-web") -> None:
        if not (folder / _INDEX).is_file() or not any(folder.glob("app.bundle*.js")):
            raise FileNotFoundError(folder)
        paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".map")
        self._files = {path.relative_to(folder).as_posix(): path for path in paths}
        for name in (*_LEFT_OUT, _INDEX):
            self._files.pop(name, None)
        self._at = "" if at == "/" else at
        self._page = self._moved(folder / _INDEX)
        self._policy = _policy_of(self._page)
        self._made = {_CONFIG: _config(self._at, dicom_web), _SERVICE_WORKER: ""}

    def routes(self) -> list[Route]:
        """Return the routes: its files go before those of others, its pages are what is left below its path."""
        names = frozenset({*self._files, *self._made})
        routes: list[Route] = [_Named(f"{self._at}/{{name:path}}", self._file, names)]
        if self._at:
            routes.append(Route(self._at, self._show, methods=["GET"]))
            routes.append(Route(f"{self._at}/{{rest:path}}", self._show, methods=["GET"]))
        else:
            routes.append(Route("/", self._show, methods=["GET"]))
        return routes

    def last_routes(self) -> list[Route]:
        """Return what takes, where OHIF is at the root, what no other route does: addresses of its pages."""
        return [] if self._at else [Route("/{rest:path}", self._show, methods=["GET"])]

    async def _show(self, request: Request) -> Response:
        """Give the page: which one an address means, the script in it knows."""
        rest = request.path_params.get("rest", "")
        if "." in rest.rpartition("/")[2]:
            raise DicomWebError("OHIF has no such file", status=404, hint="load the page anew")
        headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": self._policy}
        return Response(self._page, media_type="text/html", headers={**SAFE, **headers})

    async def _file(self, request: Request) -> Response:
        name: str = request.path_params["name"]
        is_kept = _HASHED.search(name) is not None
        headers = {"Cache-Control": "private, max-age=31536000, immutable" if is_kept else "private, no-cache"}
        if name in self._made:
            return Response(self._made[name], media_type="text/javascript", headers={**SAFE, **headers})
        path = self._files[name]
        kind = media_type(path)
        content = await run_sync(self._content, path)
        # Workers have a policy of their own: that of the page does not hold for what they load.
        said = {**SAFE, **headers, "Content-Security-Policy": self._policy, "Vary": "Accept-Encoding"}
        if path.suffix in _ROOTED and takes_gzip(request):
            content = await run_sync(lambda: b"".join(gzip(iter([content]))))
            said["Content-Encoding"] = "gzip"
        return Response(content, media_type=kind, headers=said)

    def _content(self, path: Path) -> bytes:
        return self._moved(path).encode() if path.suffix in _ROOTED else path.read_bytes()

    def _moved(self, path: Path) -> str:
        """Read a text, with the path that it is at in the place of the root."""
        text = path.read_text(encoding="utf-8")
        return _ROOTED[path.suffix].sub(rf"\g<1>{self._at}/", text) if self._at else text


class _Named(Route):
    """A route of names that are known, and of no others: those are for other routes."""

    def __init__(self, path: str, endpoint: Callable[..., Any], names: frozenset[str]) -> None:
        super().__init__(path, endpoint, methods=["GET"])
        self._names = names

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is Match.NONE or found["path_params"]["name"] not in self._names:
            return Match.NONE, {}
        return match, found


def _policy_of(page: str) -> str:
    """Return what the page may load: scripts in it by their digests, and nothing from elsewhere."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    said = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return POLICY.replace("script-src 'self'", f"script-src 'self' {said} blob:").replace(
        "font-src 'self'", "font-src 'self' data:; manifest-src 'self'"
    )


def _config(at: str, dicom_web: str) -> str:
    """Return OHIF's configuration: one data source, ours."""
    source = {
        "friendlyName": "filmless",
        "name": "filmless",
        "qidoRoot": dicom_web,
        "wadoRoot": dicom_web,
        "wadoUriRoot": f"{dicom_web}/wado",
        "qidoSupportsIncludeField": True,
        "supportsReject": False,
        "supportsFuzzyMatching": True,
        "supportsWildcard": True,
        "supportsStow": True,
        "dicomUploadEnabled": True,
        "enableStudyLazyLoad": True,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "singlepart": "bulkdata,video,pdf",
        "bulkDataURI": {"enabled": True},
        "omitQuotationForMultipartRequest": False,
    }
    namespace = "@ohif/extension-default.dataSourcesModule.dicomweb"
    config = {
        "routerBasename": at or "/",
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": True,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "defaultDataSourceName": "filmless",
        "dataSources": [{"namespace": namespace, "sourceName": "filmless", "configuration": source}],
    }
    return f"window.config = {json.dumps(config, indent=2)};\n"
