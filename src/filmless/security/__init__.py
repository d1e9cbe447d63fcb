"""Who may do what: keys, tokens, roles, TLS, hosts and origins, limits, and the audit. DICOMweb and DIMSE share it.

PS3.15 (secure transport profiles, audit), PS3.18 8.12.
"""

from filmless.security.limits import Limits
from filmless.security.principal import Principal, Role

__all__ = ["Limits", "Principal", "Role"]
