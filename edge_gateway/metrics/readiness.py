"""Whether reports are taken and delivered now: the reasons that stand against it, in words."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..status import named_destinations

FREE_BYTES_MIN: Final = 64 << 20
CLOCK_SANE_S: Final = 1_735_689_600.0  # 2025-01-01: a board without a battery begins in 1970


def hindrances(stats: Mapping[str, Any], journal_full_bytes: int) -> list[str]:
    """Of one process, by the figures of its status file."""
    problems = []
    if (stats.get("journal") or {}).get("used_bytes", 0) >= journal_full_bytes:
        problems.append("the journal is full (journal.max_bytes): reports are refused")
    for name, figures in named_destinations(stats.get("delivery")).items():
        if not figures.get("connected"):
            problems.append(f"{name}: the broker is not reached: {figures.get('last_error') or 'not yet'}")
    return problems


def machine_hindrances(folder: Path) -> list[str]:
    """Of this machine: disk and clock. Reads the file system: not for a loop that serves terminals."""
    problems = []
    try:
        if shutil.disk_usage(folder).free < FREE_BYTES_MIN:
            problems.append(f"less than {FREE_BYTES_MIN >> 20} MiB are free under {folder}")
    except OSError as error:
        problems.append(f"{folder} cannot be looked at: {error.strerror}")
    if time.time() < CLOCK_SANE_S:
        problems.append("the clock is not set")
    return problems
