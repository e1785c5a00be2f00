"""Runs the linked terminal turn by turn. Between two turns `weigh` tells its live heap: this port's collector
runs only while no Python does. What stands in for the port is loaded, and weighed, before the program.
"""

import binascii
import gc
import hashlib
import json
import os
import random
import struct
import sys
import time

import flash
import line
import receiver
import turns

PICTURE = "screen.png"
FOLDER = "/data"
WEIGHED_BEFORE = (binascii, hashlib, struct, time)  # what the program imports of the port
sys.modules["vfs"] = flash
sys.modules["socket"] = line
sys.modules["select"] = turns
sys.modules["termios"] = receiver
os.getenv = lambda name, default=None: default
os.urandom = lambda count: bytes(random.getrandbits(8) for _ in range(count))
state = {"board": None, "program": None}


def load(part):
    """Loads the next of the resident parts; the last one has the program."""
    state["program"] = __import__(part)


def begin():
    """Makes the board as the desk's configuration says."""
    state["board"] = state["program"].begin(FOLDER + "/terminal.json")


def push(data):
    """The platform says this before its next answer to a report."""
    line.socket.said_before = data


def feed(flag):
    """Whether the receiver says something."""
    turns.poll.made.feeding = flag


def turn():
    """One turn of the terminal's loop."""
    try:
        state["program"].serve(state["board"])
    except turns.TurnOver:
        return


def weigh():
    """One line: live heap in bytes, and what the terminal has come to."""
    told = {"live": gc.mem_alloc(), "reports": line.socket.reports}
    if state["board"] is not None:
        for name in ("drawing", "codes", "online"):
            told[name] = getattr(state["program"], name)(state["board"])
        told["painted"] = PICTURE in os.listdir(FOLDER)
    print("weight", json.dumps(told))
