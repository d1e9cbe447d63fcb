"""The settings of the listener for DIMSE."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from filmless.dimse.scp.access import CallerOptions, UserOptions
from filmless.dimse.scp.limits import ScpLimits
from filmless.security.options import TlsOptions
from filmless.server.settings.checking import check_ae_title, check_least, check_port

__all__ = ["DEFAULT_DIMSE_PORT", "Commitment", "Dimse", "QueryRetrieve"]

DEFAULT_DIMSE_PORT: Final = 11112  # registered with IANA for DICOM, and open to others than the administrator


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRetrieve:
    """How much one request of Query/Retrieve may ask for.

    Attributes
    ----------
    answers
        Answers to a query; the requestor is told when there are more.
    query_s
        Seconds that a query may seek, and before that wait for its turn.
    reading
        Queries that read the index at a time, each over a connection of its own to the database. Those with up to 1 MiB
        of answers are done with it at once, however slowly their peers read.
    instances
        Instances that are sent for one C-MOVE or C-GET; a request for more is refused.
    """

    answers: int = 100_000
    query_s: float = 60.0
    reading: int = 32
    instances: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """How it is reported that instances are committed to.

    Attributes
    ----------
    on_same_association
        Whether on the association of the request, while that is open; else on one to the peer.
    attempts
        Attempts on associations of its own after which a report is given up.
    first_delay_s
        Seconds before the second attempt; each further one waits twice as long.
    longest_delay_s
        Seconds that an attempt waits at the most.
    """

    on_same_association: bool = True
    attempts: int = 12
    first_delay_s: float = 5.0
    longest_delay_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimse:
    """Where and how the server is an application entity of DIMSE.

    Attributes
    ----------
    port
        Port to listen at for DIMSE, as 11112; 0 takes a free one. Without it there is none.
    host
        Address or name to listen at. Others than this machine's own loopback need to know who calls.
    ae_title
        AE title that peers call it by.
    also_called
        Further AE titles that it is called by; `*` for any.
    unknown_sop_classes
        Whether instances of SOP classes that are not known are stored, too: private ones and those of tomorrow.
    worklist
        Folder with the items of the modality worklist (`.wl`, `.json`); by default `worklist` in the archive's folder.
    quiet_s
        Seconds in which nothing of a study has to come, until peers with `notices` of availability are told of it.
    identity
        Whether callers show a user identity, a name and a passcode or a token: `optional`, or `required` of each.
    callers
        Application entities that may call, beside peers that have `roles`. Without any all may that prove who they are.
    users
        Users with a name and a passcode. API keys are taken as passcodes, too, with any name.
    tls
        TLS; without it the listener speaks plainly.
    limits
        What peers may cost.
    query
        How much a query may ask for.
    commitment
        How commitments are reported.
    """

    port: int | None = None
    host: str = "127.0.0.1"
    ae_title: str = "FILMLESS"
    also_called: tuple[str, ...] = ()
    unknown_sop_classes: bool = True
    worklist: Path | None = None
    quiet_s: float = 60.0
    identity: Literal["optional", "required"] = "optional"
    callers: tuple[CallerOptions, ...] = ()
    users: tuple[UserOptions, ...] = ()
    tls: TlsOptions | None = None
    limits: ScpLimits = field(default_factory=ScpLimits)
    query: QueryRetrieve = field(default_factory=QueryRetrieve)
    commitment: Commitment = field(default_factory=Commitment)

    def __post_init__(self) -> None:
        if self.port is not None:
            check_port("port", self.port)
        check_ae_title("ae_title", self.ae_title)
        for title in self.also_called:
            check_ae_title("also_called", title)
        # The limits check themselves; what peers are asked to keep to has to be something that they may send.
        check_least("limits.pdu_bytes", self.limits.pdu_bytes, least=self.limits.maximum_length)
        check_least("query.answers", self.query.answers)
        check_least("query.reading", self.query.reading)
        check_least("query.instances", self.query.instances)
        check_least("commitment.attempts", self.commitment.attempts)
        if len({user.name for user in self.users}) != len(self.users):
            raise ValueError("`users` has two of the same name")

    @property
    def is_on(self) -> bool:
        """Whether there is a listener."""
        return self.port is not None
