"""A row of what `filmless store` tells of one file, over either protocol."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filmless import dicomweb, dimse

__all__ = ["stored_row"]


def stored_row(
    source: str,
    result: "dicomweb.Stored | dimse.Stored",
    *,
    failure_reason: int | None,
    warning_reason: int | None,
) -> dict[str, Any]:
    """Return it, without what is not known."""
    row: dict[str, Any] = {"source": source, "status": "stored" if result.error is None else "failed"}
    more = {
        "instance": result.instance_uid or None,
        "error": result.error,
        "failure_reason": failure_reason,
        "warning_reason": warning_reason,
        "comment": result.comment,
    }
    return row | {name: value for name, value in more.items() if value is not None}
