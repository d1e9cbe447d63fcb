"""The settings. A field here, with its words in the docstring, is an option of the file and of the command line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from filmless.archive.options import Options, Retention, default_data
from filmless.security import Limits, SecurityOptions
from filmless.server.settings.checking import check_place
from filmless.server.settings.dimse import DEFAULT_DIMSE_PORT, Dimse
from filmless.server.settings.peer import Peer

__all__ = [
    "DEFAULT_DIMSE_PORT",
    "DEFAULT_PORT",
    "Dimse",
    "Forward",
    "Http",
    "InPlace",
    "Logs",
    "Ohif",
    "Peer",
    "Quota",
    "Settings",
]

DEFAULT_PORT: Final = 8104  # 104 is the port of DICOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Where the server listens.

    Attributes
    ----------
    host
        Address or name to listen at. Others than this machine's own loopback need authentication.
    port
        Port to listen at; 0 takes a free one.
    connections
        Connections at a time; more are answered 503.
    idle_s
        Seconds that a connection is kept without a request.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    connections: int = 1000
    idle_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """Folders that are served where they are, read-only.

    Attributes
    ----------
    rescan_s
        Seconds between two looks at what changed in the folders; 0 looks at the start alone.
    threads
        Files that are read at a time.
    """

    rescan_s: float = 300.0
    threads: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ohif:
    """OHIF, another viewer, served beside ours.

    Attributes
    ----------
    folder
        Folder of its built files, as `dist` of the npm package `@ohif/app`; without it OHIF is not served.
    at
        Path that it is at; `/` puts it in the place of our own viewer.
    """

    folder: Path | None = None
    at: str = "/ohif"

    def __post_init__(self) -> None:
        check_place("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What the server says of itself, on standard error.

    Attributes
    ----------
    format
        `console` for people, `json` for programs, an object a line.
    level
        The least that is told.
    """

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much room the archive may take.

    Attributes
    ----------
    archive_bytes
        Bytes of all studies; beyond, those that arrived first are deleted. Without it there is no end.
    free_bytes
        Bytes of the disk that have to stay free: with fewer the server says that it is not ready.
    every_s
        Seconds between two looks at the quota and the rules of retention.
    """

    archive_bytes: int | None = None
    free_bytes: int = 256 << 20
    every_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A rule: which instances are sent on, when they arrive.

    Attributes
    ----------
    to
        The peers, by their names.
    match
        Attributes and what they have to match, by the rules of a search: `*` and `?`, ranges, lists of UIDs. All of
        them have to; without any every instance is sent.
    """

    to: tuple[str, ...]
    match: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """How instances are sent on.

    Attributes
    ----------
    attempts
        Attempts after which an instance is set aside, until `filmless forward retry`.
    first_delay_s
        Seconds before the second attempt; each further one waits twice as long, give or take a quarter.
    longest_delay_s
        Seconds that an attempt waits at the most.
    """

    attempts: int = 20
    first_delay_s: float = 5.0
    longest_delay_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is told. `read_settings` makes it from a file and options.

    Attributes
    ----------
    data
        Folder of the archive: its files and, unless `index` says otherwise, its index.
    index
        Database of the index, as `postgresql://user@host/name`; by default SQLite in the folder.
    storage
        Object store of the instances, as `s3://bucket/prefix`; by default they are in the folder.
    folders
        Folders that are served where they are, read-only.
    stop_s
        Seconds that requests may take to finish when the server is asked to stop.
    peers
        Services and application entities in the network, by names: DICOMweb and DIMSE.
    forward
        Rules which instances are sent to which peers, when they arrive.
    retention
        Rules what is kept for how long, and how much; the oldest studies go first.
    """

    data: Path = field(default_factory=default_data)
    index: str | None = None
    storage: str | None = None
    folders: tuple[Path, ...] = ()
    stop_s: float = 30.0
    http: Http = field(default_factory=Http)
    dimse: Dimse = field(default_factory=Dimse)
    security: SecurityOptions = field(default_factory=SecurityOptions)
    limits: Limits = field(default_factory=Limits)
    arrival: Options = field(default_factory=Options)
    in_place: InPlace = field(default_factory=InPlace)
    ohif: Ohif = field(default_factory=Ohif)
    logs: Logs = field(default_factory=Logs)
    quota: Quota = field(default_factory=Quota)
    forwarding: Forwarding = field(default_factory=Forwarding)
    peers: dict[str, Peer] = field(default_factory=dict)
    forward: tuple[Forward, ...] = ()
    retention: tuple[Retention, ...] = ()
