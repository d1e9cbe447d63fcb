"""The machine and the day, without which no figure means anything."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def describe() -> str:
    """One line: processor, cores, system, Python, date."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}"
    return f"{_processor()}, {cores} cores, {system}, {python}, {datetime.now(UTC):%Y-%m-%d}{_load()}"


def _load() -> str:
    """How busy the machine was in the last quarter of an hour; one busy process, the benchmark, is 1."""
    return f", load {os.getloadavg()[2]:.1f}" if hasattr(os, "getloadavg") else ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"
