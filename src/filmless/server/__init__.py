"""The server: the archive, its services, settings, operations and rules, put together and run.

PS3.2 (conformance statement).
"""

__all__: list[str] = []
