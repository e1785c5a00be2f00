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
}


def with_unit(name: str, value: int) -> str:
    """The value of a field as people write it: ("speed_dkmh", 605) → "60.5 km/h"."""
    places, unit = UNITS.get(name.rpartition("_")[2], (0, "")) if "_" in name else (0, "")
    if not places:
        return f"{value}{unit}"
    whole, part = divmod(value, 10**places)
    return f"{whole}.{part:0{places}d}{unit}"
