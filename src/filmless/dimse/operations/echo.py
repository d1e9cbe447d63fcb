"""C-ECHO: is the peer there (PS3.7 9.1.5)."""

from filmless.dimse.operations.requesting import answered, ask, request_of
from filmless.dimse.steps import Give, Operation

__all__ = ["VERIFICATION", "echo"]

VERIFICATION = "1.2.840.10008.1.1"


def echo(context: int, message_id: int) -> Operation[None]:
    """Ask, and give once when the peer answers."""
    message = yield from ask(context, request_of("C-ECHO", message_id, AffectedSOPClassUID=VERIFICATION))
    answered(message, "C-ECHO")
    yield Give(None)
