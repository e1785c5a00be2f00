"""What a terminal can ask of its board, beside bytes: `board.act(action, value)` gives False when it cannot.

A board that offers none of them passes no `act`; the platform is then told "not supported".
"""

RESET = 1
POWER_OFF = 2
RADIO_OFF = 3
DOORS = 4  # value: 1 lock, 0 unlock
UPGRADE_FROM = 5  # value: bytes, the fields of 0x8105 command 1
CALL = 6  # value: bytes, the number
LISTEN = 7
FACTORY_RESET = 8  # the terminal has forgotten what it can; the board may have more
SERIAL = 9  # value: bytes for the serial port behind 0x8900 type 0x41, and
SERIAL_2 = 10  # for that of type 0x42
PLAY = 11  # value: bytes, GBK text to be spoken
