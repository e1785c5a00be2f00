"""Freight scenarios: companies, vehicles, drivers, waybills, payments, positions, planted faults.

The same seed gives the same world. `truth` counts what was planted and never looks at a document; it must not
import the indicators, which are tested against it. Every name, number and plate is invented.

`trial` lets a world travel over real processes and judges it, `sweeping` does so for each fault alone,
`commands` is `fleet-sim freight`. The gateway is started as a user would start it, never imported.
"""

from .scenarios import SCENARIOS, build
from .truth import Truth
from .world import World

__all__ = ["SCENARIOS", "Truth", "World", "build"]
