"""Issues driver codes (滇运码): examines papers, gives colours, revokes. Pure.

The criteria of colours, the overall rating and the set of papers for each holder are not public: tables of
OURS, marked so. Where holders are kept is the caller's choice (`Holders`); opens no store, no socket. Time is
an argument. Must not know how a code reaches a truck.
"""

from .colours import RULES, ColourRule, Severity, Standing, Violation, standing_at
from .examination import Application, Refusal, examine, valid_until
from .holders import HolderRecord, Holders, HoldersInMemory, Issued
from .office import Office, Refused
from .score import Score, score_at

__all__ = [
    "RULES",
    "Application",
    "ColourRule",
    "HolderRecord",
    "Holders",
    "HoldersInMemory",
    "Issued",
    "Office",
    "Refusal",
    "Refused",
    "Score",
    "Severity",
    "Standing",
    "Violation",
    "examine",
    "score_at",
    "standing_at",
    "valid_until",
]
