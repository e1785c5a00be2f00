"""What the notice leaves open, as numbers and tables: all of it is OURS and configurable.

The exemption limits of 4.5 t and 12 t are the notice's own, boundaries included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.freight.scopes import CARGO_SCOPES, DEFAULT_SCOPES

LIGHT_HUNDREDTHS: Final = 450  # 4.5 t of gross mass: no certificates are asked for
MEDIUM_HUNDREDTHS: Final = 1200  # 12 t: only the driver's positions are compared


@dataclass(frozen=True)
class Rules:
    """funds_percent: how far the payments of a waybill may be from its freight. speed_kmh: of the straight
    line between its ends. repeat_s, repeat_percent: how near despatch and weight of a repeated waybill are.
    near_m, around_s: how near a position must be to an endpoint, and to its time. apart_m, bin_s,
    agree_percent: how near vehicle and driver are, compared where, and how often. gap_s: a longer silence
    breaks the proof. regions: the area codes (six digits) that exist; None: any six digits do. cargo_scopes:
    see above. silent_s: a registered terminal that was not heard for so long before the period's end is
    silent.
    """

    funds_percent: int = 5
    speed_kmh: int = 120
    repeat_s: int = 30 * 60
    repeat_percent: int = 2
    near_m: int = 5_000
    around_s: int = 2 * 3600
    apart_m: int = 2_000
    bin_s: int = 60
    agree_percent: int = 80
    gap_s: int = 30 * 60
    regions: frozenset[str] | None = None
    cargo_scopes: Mapping[str, frozenset[str]] = field(default_factory=lambda: CARGO_SCOPES)
    default_scopes: frozenset[str] = DEFAULT_SCOPES
    silent_s: int = 15 * 86400

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int) and value <= 0:
                raise ValueError(f"{name}: {value}; a positive number is needed")

    def scopes_for(self, cargo: str) -> frozenset[str]:
        """The scopes that allow this cargo code."""
        return self.cargo_scopes.get(cargo, self.default_scopes)
