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
    0x8204,
)

# The bodies of rare messages, by family: a module each in protocols/wire/pages, in the heap only while that
# message is worked on. Those without a body are here for their ids.
TERMINAL_PAGES = {
    "link": (0x8003, 0x0005, 0x0004, 0x8004),
    "parameters": (0x8103, 0x8104, 0x8106, 0x0104, 0x8107, 0x0107),
    "control": (0x8105, 0x8108, 0x0108),
    "alarm": (0x8203,),
    "text": (0x8300, 0x8301, 0x0301, 0x8302, 0x0302, 0x8303, 0x0303, 0x8304, 0x8400, 0x8401),
    "vehicle": (0x8500, 0x0500),
    "areas": (0x8600, 0x8601, 0x8602, 0x8603, 0x8604, 0x8605, 0x8606, 0x8607, 0x8608, 0x0608),
    "recorder": (0x8700, 0x0700, 0x8701),
    "waybill": (0x0701,),
    "driver": (0x8702, 0x0702),
    "media": (0x0800, 0x0801, 0x8800, 0x8801, 0x0805, 0x8802, 0x0802, 0x8803, 0x8804, 0x8805),
    "passthrough": (0x8900, 0x0900),
}

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
    "DISPLAY_FAULT",
    "TTS_FAULT",
    "CAMERA_FAULT",
    "IC_CARD_FAULT",
    "OVERSPEED_WARNING",
    "FATIGUE_WARNING",
    "FORBIDDEN_DRIVING",
    "DRIVING_TIME_EXCEEDED",
    "PARKING_TIME_EXCEEDED",
    "AREA_CROSSED",
    "ROUTE_CROSSED",
    "SECTION_TIME",
    "ROUTE_DEVIATION",
    "ILLEGAL_IGNITION",
    "ILLEGAL_DISPLACEMENT",
    "COLLISION",
    "ROLLOVER",
    "ILLEGAL_DOOR_OPENING",
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
    "LOAD_SHIFT",
    "DOOR_LOCKED",
    "FRONT_DOOR_OPEN",
)
TERMINAL_ITEMS = (
    "ODOMETER_DKM",
    "ALARM_EVENT",
    "OVERSPEED",
    "AREA_CROSSED",
    "SECTION_TIME",
    "RADIO_STRENGTH",
    "SATELLITES",
)

# Parameters that the terminal looks at by name.
TERMINAL_PARAMETERS = (
    "FENCE_RADIUS_M",
    "FORBIDDEN_PERIOD",
    "ALARM_MASK",
    "MAX_SPEED_KMH",
    "OVERSPEED_DURATION_S",
    "CONTINUOUS_DRIVING_LIMIT_S",
    "DAILY_DRIVING_LIMIT_S",
    "MIN_REST_S",
    "MAX_PARKING_S",
    "OVERSPEED_MARGIN_DKMH",
    "FATIGUE_MARGIN_S",
    "COLLISION_SETTINGS",
    "ROLLOVER_ANGLE_DEG",
)
