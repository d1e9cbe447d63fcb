"""Who may do what: keys, tokens, roles, TLS, hosts and origins, limits, and the audit. DICOMweb and DIMSE share it.

PS3.15 (secure transport profiles, audit), PS3.18 8.12.
"""

from filmless.security.audit import Audit
from filmless.security.authentication import Authenticator
from filmless.security.binding import check_binding
from filmless.security.keys import ApiKeys
from filmless.security.limits import Limits
from filmless.security.options import SecurityOptions
from filmless.security.principal import Principal, Role
from filmless.security.secured import http_protocol, secured
from filmless.security.tls import client_tls, server_tls

__all__ = [
    "ApiKeys",
    "Audit",
    "Authenticator",
    "Limits",
    "Principal",
    "Role",
    "SecurityOptions",
    "check_binding",
    "client_tls",
    "http_protocol",
    "secured",
    "server_tls",
]
