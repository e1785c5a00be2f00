"""What of the standard the terminal gets: `emit_tables` writes this and no more, for the sake of its heap."""

# The messages that the terminal knows, in the order of the table. The device pays for each with heap, so one
# is added here when the terminal uses it, and not before.
TERMINAL_MESSAGES = (
    0x0001,
    0x8001,
    0x0002,
    0x0100,
    0x8100,
    0x0003,
    0x0102,
    0x0200,
    0x8201,
    0x0201,
    0x8202,
    0x0704,
)

# The additional items whose values the terminal's codec takes apart; it keeps all others as bytes.
TERMINAL_ITEM_VALUES = frozenset((*range(0x01, 0x07), *range(0x11, 0x19), 0x25, 0x2A, 0x2B, 0x30, 0x31))

# Each name costs the device about 80 bytes of heap, so only those that the terminal sets are there. One that
# is not in the declarations makes generation fail.
TERMINAL_ALARMS = (
    "EMERGENCY",
    "OVERSPEED",
    "FATIGUE",
    "GNSS_FAULT",
    "GNSS_ANTENNA_OPEN",
    "GNSS_ANTENNA_SHORT",
    "POWER_LOW",
    "POWER_LOST",
)
TERMINAL_STATUS = (
    "ACC_ON",
    "FIXED",
    "SOUTH",
    "WEST",
    "GPS_USED",
    "BDS_USED",
    "GLONASS_USED",
    "GALILEO_USED",
    "MOVING",
)
TERMINAL_ITEMS = ("ODOMETER_DKM", "RADIO_STRENGTH", "SATELLITES")
