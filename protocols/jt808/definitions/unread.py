"""What the declarations keep as bytes, and why. The page of messages shows it; a test holds it complete.

Additional items and parameters without a layout are not repeated here: their own tables say it.
"""

from __future__ import annotations

from typing import NamedTuple

_OPEN = "content of its own kind, not JT/T 808"
_NO_TABLE = "its table was not at hand"


class Unread(NamedTuple):
    """One field ("frame.data" in nested ones) of these messages, and why it stays bytes."""

    ids: tuple[int, ...]
    field: str
    why: str


UNREAD = (
    Unread((0x8108,), "package", _OPEN),
    Unread((0x8301,), "deleted", "whether deleted events keep their length byte is not said"),
    Unread((0x0608,), "settings", "whether setting and count precede the areas is unresolved (confidence D)"),
    Unread((0x0700,), "frame.data.serial_number", "its form is not said"),
    Unread((0x0700,), "frame.data.reserved", "reserved"),
    Unread((0x8700, 0x8701, 0x0700), "frame", "when it is no whole frame of GB/T 19056"),
    Unread(
        (0x8700, 0x8701, 0x0700),
        "frame.data",
        f"of commands without data here; of the setting commands 82–84 and C2–C4, and of E0–E4, {_NO_TABLE}",
    ),
    Unread((0x0701,), "content", "the standard defines no inner format"),
    Unread((0x0705,), "items.data", "what a CAN frame means is the vehicle maker's"),
    Unread((0x0801,), "data", _OPEN),
    Unread(
        (0x8900, 0x0900),
        "content",
        "by type: the insides of GNSS detail, IC card, 0xF7, 0xF8 were not at hand",
    ),
    Unread((0x0901,), "content", "GZIP; what is inside is not said"),
    Unread((0x8A00, 0x0A00), "modulus", "a number of 1,024 bits"),
    Unread((0x9208,), "reserved", "reserved"),
    Unread((0x9205, 0x9206), "alarms", "64 bits whose names were not at hand"),
    Unread((0x1205,), "resources.alarms", "64 bits whose names were not at hand"),
    Unread((0x9301, 0x9302, 0x9303, 0x9304, 0x9305, 0x9306), "content", _NO_TABLE),
)
