"""Who may speak, and what the fleet company knows about its terminals, vehicles, drivers and groups.

`registry` decides registrations and authentications, all in memory, and writes every change to one SQLite
file before it is answered; `fleet` keeps vehicles, drivers and groups in the same file; `csv_files` brings
both in and out; `roll` is how the API reaches them. Knows the rules of registration, nothing of frames,
sockets or HTTP.
"""

from .fleet import Fleet, FleetError
from .registry import REGISTERED, TERMINAL_ALREADY_REGISTERED, TERMINAL_UNKNOWN, Registry, edition_of_layout
from .roll import OwnRoll, Roll
from .schema import RegistryError
from .terminal import APPROVED, BLOCKED, PENDING, TERMINALS_MAX, Device, Terminal

__all__ = [
    "APPROVED",
    "BLOCKED",
    "PENDING",
    "REGISTERED",
    "TERMINALS_MAX",
    "TERMINAL_ALREADY_REGISTERED",
    "TERMINAL_UNKNOWN",
    "Device",
    "Fleet",
    "FleetError",
    "OwnRoll",
    "Registry",
    "RegistryError",
    "Roll",
    "Terminal",
    "edition_of_layout",
]
