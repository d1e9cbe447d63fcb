"""The conformance statement, made of what is running: routes, registry, settings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route

from filmless import _core, dicomweb
from filmless.archive import Archive
from filmless.dicomweb.origin.pictures import media_types
from filmless.dimse.scp.service import Service
from filmless.pixels.targets import targets
from filmless.server.entity_statement import add_entity, network_services
from filmless.server.known_peers import address_of
from filmless.server.services import offered
from filmless.server.settings.tree import Settings
from filmless.server.statement import Statement, Table

__all__ = ["Statement", "conformance_statement"]

#: What each service is called in the Standard, by the last fixed part of its path and its method.
_SERVICES: Final = (
    (
        "POST",
        "/convert",
        "conversion of pictures, documents and videos to DICOM, then storage",
        "none, a service of filmless",
    ),
    ("GET", "/metadata", "retrieve metadata", "PS3.18 10.4.1.1.2"),
    ("GET", "/rendered", "retrieve rendered", "PS3.18 10.4.1.1.3"),
    ("GET", "/thumbnail", "retrieve a thumbnail", "PS3.18 10.4.1.1.4"),
    ("GET", "/frames/", "retrieve frames", "PS3.18 10.4.1.1.6"),
    ("GET", "/bulkdata", "retrieve bulk data", "PS3.18 10.4.1.1.5"),
    ("GET", "/wado", "WADO-URI", "PS3.18 9"),
    ("DELETE", "", "delete", "none, a service of filmless"),
    ("POST", "/studies", "store (STOW-RS)", "PS3.18 10.5"),
    ("OPTIONS", "", "retrieve capabilities", "PS3.18 8.9"),
    ("GET", "/openapi", "description as OpenAPI", "none, a service of filmless"),
)


def conformance_statement(
    settings: Settings, service: Starlette | None = None, services: Sequence[Service] | None = None
) -> Statement:
    """Make the conformance statement of a server, PS3.2 in short.

    Parameters
    ----------
    settings
        What it was told.
    service
        Its DICOMweb service, `filmless.dicomweb.application`: its routes are what is claimed. Made when not given.
    services
        Those of its application entity: their SOP classes are what is claimed. Made when not given.

    DICOM
    -----
    PS3.2
    """
    version = _core.__version__
    if service is None or services is None:
        made = _made(settings)
        service, services = service or made[0], made[1] if services is None else services
    statement = Statement(f"DICOM conformance statement: filmless {version}")
    statement.add(
        "Overview",
        "filmless is an archive of DICOM instances. It is a DICOMweb origin server (PS3.18), and a DICOMweb user agent "
        "towards the peers that it forwards to. "
        + (
            "It is an application entity of DIMSE (PS3.7, PS3.8)."
            if settings.dimse.is_on
            else "It offers no DIMSE services in this configuration."
        ),
        Table(
            ("Network service", "User of service (SCU)", "Provider of service (SCP)"),
            [*_overview(settings), *network_services(settings, services)],
        ),
    )
    statement.add("Implementation", Table(("Item", "Value"), _implementation(version)))
    statement.add("DICOMweb services", Table(("Method", "Resource", "Service", "Reference"), _services(service)))
    add_entity(statement, settings, services)
    statement.add(
        "SOP classes",
        "Instances of every SOP class are stored, found and retrieved: of the Standard, retired, private, and unknown. "
        "What is stored is the file as it was received; nothing is coerced.",
        Table(
            ("When", "What becomes of it"),
            [
                ("a SOP Instance UID is there with the same data set", "success, nothing is stored again"),
                ("a SOP Instance UID is there with another data set", _DUPLICATES[settings.arrival.duplicates]),
                ("success is answered", "the instance and its index entry survive a loss of power"),
            ],
        ),
    )
    statement.add(
        "Transfer syntaxes",
        "Instances in all of them are stored, and retrieved as they are. From those that are decoded instances are "
        "rendered, and transcoded to those that are encoded, when a client asks for that.",
        Table(("Name", "UID", "Compression", "Media type of frames", "Decoded", "Encoded"), _transfer_syntaxes()),
    )
    statement.add("Media types", Table(("Of", "Media types"), _media_types()))
    statement.add("Forwarding", *_forwarding(settings))
    statement.add("Security", Table(("Item", "Value"), _security(settings)))
    statement.add(
        "Character sets",
        "All of PS3.3 C.12.1.1.2 are read: single-byte, multi-byte with and without code extensions, GB18030, GBK and "
        "UTF-8. JSON and XML are UTF-8 (ISO_IR 192). Person names are found whatever the case and the accents.",
    )
    return statement


_COMPRESSIONS: Final = {
    (True, False): "lossless",
    (False, True): "lossy",
    (False, False): "lossless or lossy",
    (True, True): "lossless or lossy",
}
_DUPLICATES: Final = {
    "quarantine": "success, it is kept beside for a person to decide",
    "replace": "success, it takes the place of the other one",
}


def _overview(settings: Settings) -> list[tuple[str, ...]]:
    sends = "yes" if any(not settings.peers[name].is_dimse for rule in settings.forward for name in rule.to) else "no"
    return [
        ("DICOMweb studies: store", sends, "yes"),
        ("DICOMweb studies: search, retrieve", "no", "yes"),
        ("DICOMweb URI service (WADO-URI)", "no", "yes"),
    ]


def _implementation(version: str) -> list[tuple[str, ...]]:
    return [
        ("Product", f"filmless {version}"),
        ("Protocol", "HTTP/1.1, connections are kept alive"),
        ("Content codings", "gzip"),
    ]


def _made(settings: Settings) -> tuple[Starlette, list[Service]]:
    with TemporaryDirectory() as folder, Archive(folder) as archive:
        elsewhere = replace(settings, data=Path(folder))
        services = offered(elsewhere, archive).services if settings.dimse.is_on else []
        return dicomweb.application(archive, limits=settings.limits), services


def _services(service: Starlette) -> list[tuple[str, ...]]:
    return [
        (method, f"/dicom-web{route.path}".replace(":path", ""), *_named(method, route.path))
        for route in service.routes
        if isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def _named(method: str, path: str) -> tuple[str, str]:
    for of, part, name, reference in _SERVICES:
        if method == of and part in path:
            return name, reference
    if method == "GET" and path.endswith(("/studies", "/series", "/instances")):
        return "search (QIDO-RS)", "PS3.18 10.6"
    if method == "GET" and "{study" in path:
        return "retrieve instances (WADO-RS)", "PS3.18 10.4"
    if path == "/":
        return "retrieve capabilities", "PS3.18 8.9"
    return "a service of filmless", "none, a service of filmless"


def _transfer_syntaxes() -> list[tuple[str, ...]]:
    written = {row["uid"] for row in targets()}
    rows: list[tuple[str, ...]] = []
    for syntax in _core.transfer_syntaxes():
        compression = "none" if syntax["codec"] == "native" else _COMPRESSIONS[syntax["lossless"], syntax["lossy"]]
        # No library of today decodes hierarchical JPEG.
        is_hierarchical = "Hierarchical" in syntax["keyword"].replace("NonHierarchical", "")
        decoded = "no" if is_hierarchical or syntax["codec"] == "unsupported" else "yes"
        encoded = "yes" if syntax["uid"] in written else "no"
        rows.append((syntax["name"], syntax["uid"], compression, syntax["media_type"] or "", decoded, encoded))
    return rows


def _forwarding(settings: Settings) -> list[str | Table]:
    if not settings.forward:
        return ["Nothing is sent on."]
    rows = [
        (name, _address(settings, name), ", ".join(rule.match) or "every instance")
        for rule in settings.forward
        for name in rule.to
    ]
    return [
        "On arrival, instances are sent to these peers, by DICOMweb store (PS3.18 10.5) or C-STORE (PS3.4 B).",
        Table(("Peer", "Address", "Chosen by"), rows),
    ]


def _address(settings: Settings, name: str) -> str:
    peer = settings.peers[name]
    return peer.url or address_of(peer)


def _media_types() -> list[tuple[str, ...]]:
    return [
        ("instances", "multipart/related; type=application/dicom; one alone as application/dicom, too"),
        ("metadata, search", "application/dicom+json, multipart/related; type=application/dicom+xml"),
        ("frames", "multipart/related of what the table of transfer syntaxes says"),
        ("rendered, thumbnail", ", ".join(media_types(moving=True))),
        ("store", "multipart/related; type=application/dicom, application/dicom+json, application/dicom+xml"),
    ]


def _security(settings: Settings) -> list[tuple[str, ...]]:
    options, tls = settings.security, settings.security.tls
    who = ["API keys", *(["bearer tokens (JWT, OpenID Connect)"] if options.tokens else [])]
    who += ["certificates"] if options.certificates else []
    shown = {"none": "not asked for", "optional": "taken when shown", "required": "required"}
    return [
        ("Listens at", f"{settings.http.host}, port {settings.http.port}"),
        ("Transport", "plain HTTP" if tls is None else "TLS 1.2 and 1.3 by BCP 195, PS3.15 B.12"),
        ("Certificates of callers", "none" if tls is None else shown[tls.client_certificates]),
        ("Authentication", ", ".join(who) if options.is_authenticated else "none: this machine's programs alone"),
        ("Authorisation", "roles read, write, delete, admin; restrictions to patients and studies"),
        ("Host and Origin", "checked on every request"),
        ("Cross-origin requests", ", ".join(options.origins) or "refused"),
        ("Audit", "a line of JSON an access, without names and IDs of patients"),
    ]
