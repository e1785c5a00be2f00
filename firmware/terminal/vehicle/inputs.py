"""The kinds of `Vehicle.on_input`: what a board can sense beside the satellites, and the unit of a value."""

IGNITION = 0  # 0 off, 1 on
EMERGENCY = 1  # the button: 0 released, 1 pressed
SUPPLY_MV = 2  # main supply, millivolts; 0 when it is gone and a battery carries on
ANTENNA = 3  # of the receiver: ANTENNA_OK, _OPEN or _SHORT
GNSS_FAULT = 4  # the receiver says so itself: 0, 1; one that is silent is found out without this
DISPLAY_FAULT = 5  # 0, 1, as the next three
TTS_FAULT = 6
CAMERA_FAULT = 7
CARD_READER_FAULT = 8
TILT_DEG = 9  # from upright, degrees
SHOCK = 10  # a blow: acceleration in 0.1 g << 8 | duration in 4 ms, as parameter 0x005D has it
DOORS = 11  # bits 0…4: front, middle, rear, driver's, other; 1 open
ARMED = 12  # theft protection: 0 off, 1 on (the driver's switch, or the doors locked by 0x8500)
DOOR_LOCKED = 13  # 0 unlocked, 1 locked
SIGNALS = 14  # the recorder's signal byte D0…D7 (GB/T 19056): lights, turn, brake

ANTENNA_OK = 0
ANTENNA_OPEN = 1
ANTENNA_SHORT = 2
