"""The 16 indicators of freight monitoring (网络货运监测指标), from what arrived. Pure.

`Intake` reduces uploads to `Facts` (columns), the indicators stand in modules of their own, `compute` runs
them all, `page` writes the result for people. Needs numpy. Opens no store, reads no clock; must not know how
documents travelled or who simulated them.
"""

from .compute import Report, compute
from .intake import Intake
from .period import Period, days, quarter
from .registers import Registers
from .rules import Rules
from .uploads import Upload

__all__ = ["Intake", "Period", "Registers", "Report", "Rules", "Upload", "compute", "days", "quarter"]
