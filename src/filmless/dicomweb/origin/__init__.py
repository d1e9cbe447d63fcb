"""The origin server: the resources of PS3.18 over an archive."""

from filmless.dicomweb.origin.application import application

__all__ = ["application"]
