"""What an SCP answers to the request for an association."""

from filmless._core import AssociateAccept, AssociateRequest, Connection, OperationsWindow, UserInformation
from filmless.dimse.scp.dispatch import Dispatch
from filmless.dimse.scp.limits import ScpLimits

__all__ = ["accepting", "operations_of"]


def accepting(
    connection: Connection, request: AssociateRequest, dispatch: Dispatch, limits: ScpLimits, identity: bytes | None
) -> AssociateAccept:
    """Return the answer: presentation contexts, roles, and what was asked for beside.

    Parameters
    ----------
    connection
        Where the request came in.
    request
        What is asked for.
    dispatch
        What the SCP can do.
    limits
        Of it.
    identity
        The answer to a user identity; None for none.

    DICOM
    -----
    PS3.8 9.3.3, PS3.7 D.3.3
    """
    user = UserInformation(
        maximum_length=limits.maximum_length,
        operations_window=_window(request.user.operations_window, limits.operations),
        extended=dispatch.extended(request),
        identity_response=identity,
    )
    return connection.answer(dispatch.policy(request), user)


def _window(asked: OperationsWindow | None, most: int) -> OperationsWindow | None:
    """Return how many operations may be in hand at a time; 0 is any number (PS3.7 D.3.3.3).

    Both numbers are the requestor's in the answer, too: what it may invoke, and what it has to perform.
    """
    if asked is None:
        return None
    return OperationsWindow(*(min(count or most, most) for count in (asked.invoked, asked.performed)))


def operations_of(accept: AssociateAccept) -> int:
    """Return how many operations of the requestor are performed at a time: one, if nobody said anything else."""
    window = accept.user.operations_window
    return 1 if window is None else max(1, window.invoked)
