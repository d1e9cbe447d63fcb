"""What became of an instance that came in."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Outcome"]

Kind = Literal["stored", "identical", "quarantined", "replaced"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instance that came in. All of them are success: it is durable, or was already.

    Attributes
    ----------
    kind
        ``"stored"``; ``"identical"``: the same data set was there; ``"quarantined"``: another one of this UID was
        there, this one is kept beside; ``"replaced"``: it took the place of another one.
    """

    kind: Kind
    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
