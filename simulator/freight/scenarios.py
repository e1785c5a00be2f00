"""The three scenarios: `pilot`, `province`, `dirty`. Size, places, faults; a seed makes it a world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from ..authority.indicators.period import Period, quarter
from ..authority.indicators.rules import Rules
from .casting import Casting, Size
from .moving import positions_of
from .places import EXISTING, KUNMING, PREFECTURES, Place
from .planter import Planter
from .plants import PLANTS
from .registering import registers_of
from .world import World
from .writing import uploads_of

PERIOD: Final = quarter(2026, 1)
PERIOD_DAYS_MIN: Final = 30
HEARD_BEFORE_END_S: Final = 10 * 86400  # every terminal that speaks does so once more then: late enough


@dataclass(frozen=True)
class Scenario:
    """faults: name of the plant → how many."""

    name: str
    places: tuple[Place, ...]
    size: Size
    faults: Mapping[str, int] = field(default_factory=dict)


_FEW: Final = {"overload": 1, "expired_transport": 1, "missing_location": 1, "unpaid": 1, "false_track": 1}
_MANY: Final = {
    name: 1 if name.startswith("company") else 2 if name.endswith("terminal") else 3 for name in PLANTS
}
SCENARIOS: Final = {
    each.name: each
    for each in (
        Scenario("pilot", KUNMING, Size(companies=3, vehicles=8, trips=4), _FEW),
        Scenario("province", PREFECTURES, Size(companies=48, vehicles=7, trips=3), _FEW),
        Scenario("dirty", PREFECTURES, Size(companies=9, vehicles=14, trips=4), _MANY),
    )
}

SINGLE: Final = Scenario(
    "single", PREFECTURES, Size(companies=2, vehicles=7, trips=2)
)  # room for any one fault


def build(
    scenario: Scenario, seed: int, faults: Mapping[str, int] | None = None, period: Period = PERIOD
) -> World:
    """The world of this scenario and seed; faults: instead of the scenario's own. period: when it takes
    place, of PERIOD_DAYS_MIN days at least; the same seed gives the same world, only moved.

    Raises PlantError when the world is too small for the faults, KeyError for an unknown one.
    """
    start_s, heard_s = period.from_s, period.until_s - HEARD_BEFORE_END_S
    if heard_s - start_s < (PERIOD_DAYS_MIN - 10) * 86400:
        raise ValueError(f"{period.name}: a world needs {PERIOD_DAYS_MIN} days")
    casting = Casting(Random(f"{scenario.name}/{seed}"), scenario.places, scenario.size, start_s)
    planter = Planter(casting.cast, casting.truth, Random(f"{scenario.name}/{seed}/faults"), start_s)
    wanted = scenario.faults if faults is None else faults
    for name in (*PLANTS, *(wanted.keys() - PLANTS.keys())):  # in the order that plants ask for
        for _ in range(wanted.get(name, 0)):
            PLANTS[name](planter)
    return World(
        scenario.name,
        seed,
        period,
        Rules(regions=EXISTING),
        registers_of(casting.cast, start_s, heard_s),
        uploads_of(casting.cast, start_s),
        positions_of(casting.cast, heard_s),
        casting.cast,
        casting.truth,
    )
