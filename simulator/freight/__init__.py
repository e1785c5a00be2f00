"""Freight scenarios: companies, vehicles, drivers, waybills, payments, positions, planted faults.

The same seed gives the same world. `truth` counts what was planted and never looks at a document; it must not
import the indicators, which are tested against it. Every name, number and plate is invented.
"""

from .scenarios import SCENARIOS, build
from .truth import Truth
from .world import World

__all__ = ["SCENARIOS", "Truth", "World", "build"]
