"""What the driver and an officer see: the driver code with its colour, plate, name, licence, age; messages.

Decides what is shown and draws it row by row, so that no frame buffer is needed. Must not talk to a
controller (that is `firmware.board.displays`) nor judge a code's truth: it shows what was pushed
until it expires.
"""
