"""Clients of DICOMweb services: one that waits, one that is asynchronous, over the same operations."""

from filmless.dicomweb.client.asynchronous import Client
from filmless.dicomweb.client.blocking import BlockingClient
from filmless.dicomweb.client.pictures import Rendered
from filmless.dicomweb.client.storing import Stored, StoreReport

__all__ = ["BlockingClient", "Client", "Rendered", "StoreReport", "Stored"]
