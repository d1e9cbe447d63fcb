"""Structured logs: events with values by name, for people or for programs. Nothing of a patient gets in."""

import asyncio
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

import structlog

from filmless.server.settings.tree import Logs

__all__ = ["Log", "make_log", "where_raised", "with_library_logs"]

Log = structlog.typing.FilteringBoundLogger

_LIBRARIES: Final = ("filmless", "uvicorn", "asyncio", "alembic", "sqlalchemy", "httpx")


_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


def make_log(settings: Logs, stream: TextIO) -> Log:
    """Make a log that writes to a stream. There is no log of the whole process: who logs is given one."""
    end: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    made: Log = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _escaped,
            end,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return made


def _escaped(_log: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape what ends a line or moves the cursor of who reads it: names of files and UIDs of strangers can have it."""
    return {name: value.translate(_CONTROLS) if isinstance(value, str) else value for name, value in event.items()}


def where_raised(error: BaseException) -> dict[str, str]:
    """Tell of an unexpected error its type and the lines it came through; its text could be of a patient."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    lines = [f"{frame.filename.replace(chr(92), '/').rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    return {"error": type(error).__name__, "where": " > ".join(lines)}


class _Bridge(logging.Handler):
    """Hands what libraries log over to a log of ours."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return  # a request that a stop cut off: the line before says how many
        values: dict[str, Any] = {"library": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            values |= where_raised(record.exc_info[1])
            message = "unexpected error"  # the library's own text may quote what it worked on
        else:
            message = record.getMessage()
        self._log.log(record.levelno, message, **values)


@contextmanager
def with_library_logs(log: Log) -> Iterator[None]:
    """Take in what the libraries below the server log, for as long as it lasts."""
    bridge = _Bridge(log)
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(bridge)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.removeHandler(bridge)
            logger.propagate = propagate
