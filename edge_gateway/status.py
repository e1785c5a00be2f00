"""The status file: what the running gateway says about itself, replaced whole once a second."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LARGEST: Final = ("_age_ms", "_max")  # ends of names of what is not added up
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


def summed(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of several processes as those of one: numbers added, of ages and maxima the largest, of
    flags whether all are set, of texts the first that says something, lists one behind the other."""
    found: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            found[name] = _together(name, found[name], value) if name in found else value
    return found


def _together(name: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, dict):
        return summed([one, other])
    if isinstance(one, bool):
        return one and other
    if isinstance(one, int | float) and name.endswith(LARGEST):
        return max(one, other)
    return one or other if isinstance(one, str) else one + other
