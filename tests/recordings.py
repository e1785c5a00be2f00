"""Recordings of real receivers beside the project, with gpsd's answers; tests skip where absent."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "gnss"
NAMES = (
    "beidou-bd",
    "beidou-gb",
    "haicom-305N",
    "nmea-fuzzy-cases",
    "quectel-eg25-g",
    "quectel-l76k-nmea",
)


def recording(name: str) -> bytes:
    """The bytes of a recording; skips the test when it is not there."""
    path = FOLDER / f"{name}.log"
    if not path.exists():
        pytest.skip(f"recording {name} is not beside the project (../shared/data/gnss)")
    return path.read_bytes()


def expected_positions(name: str) -> list[dict[str, Any]]:
    """gpsd's TPV objects with a position, in order: lat, lon in degrees, time (ISO, UTC) if known."""
    path = FOLDER / f"{name}.expected"
    if not path.exists():
        pytest.skip(f"answers to {name} are not beside the project (../shared/data/gnss)")
    lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith("{")]
    objects = [json.loads(line) for line in lines]
    return [found for found in objects if found.get("class") == "TPV" and "lat" in found]
