"""The server: the archive, its services, settings, operations and rules, put together and run.

PS3.2 (conformance statement).
"""

from filmless.server.conformance import Statement, conformance_statement
from filmless.server.server import Addresses, Server
from filmless.server.settings import Settings, read_settings

__all__ = ["Addresses", "Server", "Settings", "Statement", "conformance_statement", "read_settings"]
