"""Units, told by the end of a field's name, and numbers written with them. No floats."""

from __future__ import annotations

# Suffix of the field name → (decimal places that the integer carries, unit).
UNITS = {
    "udeg": (6, "°"),
    "dkmh": (1, " km/h"),
    "dkm": (1, " km"),
    "dl": (1, " L"),
    "deg": (0, "°"),
    "m": (0, " m"),
    "s": (0, " s"),
    "ms": (0, " ms"),
    "kmh": (0, " km/h"),
    "kpa": (0, " kPa"),
    "percent": (0, " %"),
}


def unit_of(name: str) -> str:
    """The unit that the integer of a field counts: ("speed_dkmh") → "0.1 km/h", "" for none."""
    places, unit = UNITS.get(name.rpartition("_")[2], (0, "")) if "_" in name else (0, "")
    return f"{'0.' + '0' * (places - 1) + '1' if places else ''}{unit}"


def with_unit(name: str, value: int) -> str:
    """The value of a field as people write it: ("speed_dkmh", 605) → "60.5 km/h"."""
    places, unit = UNITS.get(name.rpartition("_")[2], (0, "")) if "_" in name else (0, "")
    if not places:
        return f"{value}{unit}"
    whole, part = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{places}d}{unit}"
