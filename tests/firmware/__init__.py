"""The terminal: its cores under CPython and MicroPython, its flash, its sessions, and the whole program."""
