"""Boards without boards: their wiring under real MicroPython, with stand-ins for `machine` and `network`."""
