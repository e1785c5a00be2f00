"""The status file: what the running gateway says about itself, replaced whole once a second."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


def write_status(path: Path, values: dict[str, Any]) -> None:
    """Replaces the file in one step, so that a reader never sees half of it.

    A disk that refuses is logged, not raised: the reports matter more than their statistics.
    """
    half = path.with_name(path.name + ".new")
    try:
        half.write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(half, path)
    except OSError as error:
        _log.warning("the status file cannot be written: %s", error)


def named_destinations(delivery: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Figures of each destination; the one of [mqtt] has an empty name and is called default."""
    return {name or "default": each for name, each in ((delivery or {}).get("destinations") or {}).items()}
