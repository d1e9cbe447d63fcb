"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["LOCAL", "ROLES", "Principal", "Role"]

Role = Literal["read", "write", "delete", "admin"]
ROLES: Final[frozenset[Role]] = frozenset({"read", "write", "delete", "admin"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone who was recognised, by a key, a token, a certificate or an application entity title.

    Attributes
    ----------
    name
        For the audit: of a key its name, of a token its subject.
    roles
        What they may do. ``"admin"`` includes the others.
    patients, studies
        What they may see and write to: Patient IDs and Study Instance UIDs; None for all.
    by
        How they were recognised: ``"loopback"``, ``"key"``, ``"token"``, ``"certificate"``, ``"passcode"``, or
        ``"ae"`` (title and address of an application entity).
    """

    name: str
    roles: frozenset[Role]
    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None
    by: str = "loopback"

    def may(self, role: Role) -> bool:
        """Whether they have a role."""
        return role in self.roles or "admin" in self.roles


LOCAL: Final = Principal("local", ROLES)
"""Who asks on a loopback that asks for no authentication."""
