"""The rules of the alarms as a table: what each alarm bit does, how long its cause must last, and be gone.

Two kinds (JT/T 808, alarm word of 0x0200): HELD is on while its cause lasts; ANSWERED is raised once by its
cause and stays until the platform has answered the report that carries it, however long the cause goes on.
"""

from protocols.wire import tables

NO_RULE = 0
HELD = 1
ANSWERED = 2

ROW_BYTES = 3  # kind; tenths of a second that the cause must last; tenths that it must be gone
RULES = bytearray(32 * ROW_BYTES)  # row: number of the alarm bit

# The ANSWERED ones as halves of the alarm word. Each gets an event number (item 0x04), by which 0x8203 may
# confirm it.
ANSWERED_LOW = 1 << tables.ALARM_EMERGENCY
ANSWERED_HIGH = (
    1 << tables.ALARM_AREA_CROSSED - 16
    | 1 << tables.ALARM_ROUTE_CROSSED - 16
    | 1 << tables.ALARM_SECTION_TIME - 16
    | 1 << tables.ALARM_ILLEGAL_IGNITION - 16
    | 1 << tables.ALARM_ILLEGAL_DISPLACEMENT - 16
    | 1 << tables.ALARM_ILLEGAL_DOOR_OPENING - 16
)


def _rule(alarm, kind, on, off):
    RULES[alarm * ROW_BYTES] = kind
    RULES[alarm * ROW_BYTES + 1] = on
    RULES[alarm * ROW_BYTES + 2] = off


# Where the vehicle itself counts (speed, driving, parking, deviation) the duration is a parameter or part of
# the count, and the table adds nothing. The others: contacts bounce, and a cranking engine pulls the supply
# down for seconds.
_rule(tables.ALARM_EMERGENCY, ANSWERED, 1, 5)
_rule(tables.ALARM_OVERSPEED, HELD, 0, 0)
_rule(tables.ALARM_FATIGUE, HELD, 0, 0)
_rule(tables.ALARM_GNSS_FAULT, HELD, 0, 30)
_rule(tables.ALARM_GNSS_ANTENNA_OPEN, HELD, 20, 30)
_rule(tables.ALARM_GNSS_ANTENNA_SHORT, HELD, 20, 30)
_rule(tables.ALARM_POWER_LOW, HELD, 100, 100)
_rule(tables.ALARM_POWER_LOST, HELD, 10, 30)
_rule(tables.ALARM_DISPLAY_FAULT, HELD, 30, 30)
_rule(tables.ALARM_TTS_FAULT, HELD, 30, 30)
_rule(tables.ALARM_CAMERA_FAULT, HELD, 30, 30)
_rule(tables.ALARM_IC_CARD_FAULT, HELD, 30, 30)
_rule(tables.ALARM_OVERSPEED_WARNING, HELD, 20, 30)
_rule(tables.ALARM_FATIGUE_WARNING, HELD, 0, 0)
_rule(tables.ALARM_FORBIDDEN_DRIVING, HELD, 0, 0)
_rule(tables.ALARM_DRIVING_TIME_EXCEEDED, HELD, 0, 0)
_rule(tables.ALARM_PARKING_TIME_EXCEEDED, HELD, 0, 0)
_rule(tables.ALARM_AREA_CROSSED, ANSWERED, 0, 0)
_rule(tables.ALARM_ROUTE_CROSSED, ANSWERED, 0, 0)
_rule(tables.ALARM_SECTION_TIME, ANSWERED, 0, 0)
_rule(tables.ALARM_ROUTE_DEVIATION, HELD, 0, 0)
_rule(tables.ALARM_ILLEGAL_IGNITION, ANSWERED, 10, 10)
_rule(tables.ALARM_ILLEGAL_DISPLACEMENT, ANSWERED, 30, 30)
_rule(tables.ALARM_COLLISION, HELD, 0, 100)  # a blow is over at once; it is told for ten seconds
_rule(tables.ALARM_ROLLOVER, HELD, 10, 50)
_rule(tables.ALARM_ILLEGAL_DOOR_OPENING, ANSWERED, 10, 10)
