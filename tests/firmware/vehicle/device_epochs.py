"""MicroPython only: an epoch allocates nothing, with eight areas and routes around the truck, on littlefs.

Argument: a path for the flash image. Every epoch, every input and the items of every report run with the heap
locked. Prints the time of an epoch.
"""

import sys
import time

import micropython
from cab import Cab
from eight_areas import PARAMETERS, locked_drive, set_up

from firmware.board.files import Folder
from firmware.board.unix.flash import mount

mount(sys.argv[1], "/flash")
cab = Cab(PARAMETERS, files=Folder("/flash"))
set_up(cab)
reports, spent_us = locked_drive(cab, micropython.heap_lock, micropython.heap_unlock, time.ticks_us)
print("epochs under lock, reports:", reports, "us an epoch:", spent_us)
