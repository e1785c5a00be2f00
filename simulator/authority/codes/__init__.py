"""Issues driver codes (滇运码): examines papers, gives colours, revokes. Pure.

The criteria of colours and the set of papers for each holder are not public: tables of OURS, marked so. Keeps
its holders in memory; opens no store, no socket. Time is an argument. Must not know how a code
reaches a truck.
"""

from .colours import RULES, ColourRule, Severity, Standing, Violation, standing_at
from .examination import Application, Refusal, examine, valid_until
from .office import Issued, Office, Refused

__all__ = [
    "RULES",
    "Application",
    "ColourRule",
    "Issued",
    "Office",
    "Refusal",
    "Refused",
    "Severity",
    "Standing",
    "Violation",
    "examine",
    "standing_at",
    "valid_until",
]
